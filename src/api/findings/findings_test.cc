#include "api/findings/findings.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace breakwater::api::findings {
namespace {

class FindingsApi : public ::testing::Test {
 protected:
  FindingsApi() {
    harness_.Serve(Endpoints({findings_, notes_, occurrences_}, harness_.face));
    const Status emitted = harness_.control.database.Write([&](db::Transaction& tx) {
      return harness_.control.jobs->Emit(tx, {"image.assessed",
                                              {{"account", "acc"},
                                               {"registry", "us.icr.io"},
                                               {"repository", "ns/app"},
                                               {"digest", "sha256:ab"},
                                               {"status", "FAIL"},
                                               {"counts", {{"high", 2}}}}});
    });
    EXPECT_TRUE(emitted.ok());
    EXPECT_TRUE(harness_.control.jobs->RunDue().ok());
  }

  static std::string Note(const std::string& id, const std::string& rest) {
    return R"({"id":")" + id +
           R"(","short_description":"s","long_description":"l",)"
           R"("reported_by":{"id":"doors","title":"t","url":"u"},"shared":true,)" +
           rest + "}";
  }
  int Register(const std::string& id, const std::string& rest) {
    return harness_.Send("POST", kNotes, Note(id, rest)).status;
  }
  static std::string Occurrence(const std::string& id) {
    return R"({"id":")" + id +
           R"(","kind":"FINDING","note_name":"acc/providers/doors/notes/open",
               "resource_url":"r","context":{"region":"us","resource_crn":"crn"},
               "finding":{"severity":"LOW","certainty":"LOW","next_steps":[{"title":"t"}],
                 "network_connection":{"direction":"in","client":{"address":"a","port":38}},
                 "data_transferred":{"client_bytes":38}}})";
  }

  static constexpr const char* kNotes = "/findings/v1/acc/providers/doors/notes";
  static constexpr const char* kOccurrences = "/findings/v1/acc/providers/doors/occurrences";
  static constexpr const char* kFinding = R"("kind":"FINDING","finding":{"severity":"LOW"})";

  testing::Harness harness_;
  insights::Findings findings_{harness_.control.database, *harness_.control.jobs,
                               harness_.control.clock};
  insights::Notes notes_{harness_.control.database, harness_.control.changes,
                         harness_.control.clock};
  insights::Occurrences occurrences_{harness_.control.database, harness_.control.changes,
                                     harness_.control.clock};
};

TEST_F(FindingsApi, OccurrencesAreFoundByProviderNoteAndId) {
  const std::string base = "/findings/v1/acc/providers/security-advisor";
  const auto listed = harness_.Send("GET", base + "/occurrences");
  const auto& occurrences = json::Find(listed.body, "occurrences")->as_array();
  ASSERT_EQ(occurrences.size(), 1U);
  EXPECT_EQ(json::FindText(listed.body, "next_page_token"), "");
  const std::string id(json::FindText(occurrences.at(0), "id"));
  EXPECT_EQ(harness_.Send("GET", base + "/occurrences/" + id).status, 200);
  EXPECT_EQ(harness_.Send("GET", base + "/occurrences/none").status, 404);
  const auto of_note =
      harness_.Send("GET", base + "/notes/va-image_with_vulnerabilities/occurrences");
  EXPECT_EQ(json::Find(of_note.body, "occurrences")->as_array().size(), 1U);
  EXPECT_EQ(harness_.Send("GET", base + "/notes").status, 200);
  EXPECT_EQ(harness_.Send("GET", "/findings/v1/acc/providers").status, 200);
}

TEST_F(FindingsApi, PagesEndWithTheEmptyToken) {
  const std::string path = "/findings/v1/acc/providers/security-advisor/occurrences?page_size=1";
  const auto first = harness_.Send("GET", path);
  EXPECT_EQ(json::FindText(first.body, "next_page_token"), "1");
  const auto second = harness_.Send("GET", path + "&page_token=1");
  EXPECT_TRUE(json::Find(second.body, "occurrences")->as_array().empty());
  EXPECT_EQ(json::FindText(second.body, "next_page_token"), "");
  EXPECT_EQ(harness_.Send("GET", path + "&page_token=x").status, 400);
}

TEST_F(FindingsApi, OurOwnListFiltersByStateAndSeverity) {
  EXPECT_EQ(
      *json::Find(harness_.Send("GET", "/breakwater/v1/findings?state=open").body, "total_count"),
      json::Value(1));
  EXPECT_EQ(
      *json::Find(harness_.Send("GET", "/breakwater/v1/findings?severity=low").body, "total_count"),
      json::Value(0));
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/findings?state=lost").status, 400);
}

TEST_F(FindingsApi, AProviderRegistersNotesOfEachKind) {
  EXPECT_EQ(Register("open", kFinding), 200);
  EXPECT_EQ(Register("open", kFinding), 409);
  EXPECT_EQ(Register("count", R"("kind":"KPI","kpi":{"aggregation_type":"SUM"})"), 200);
  EXPECT_EQ(Register("part", R"("kind":"SECTION","section":{"title":"t","image":"i"})"), 200);
  EXPECT_EQ(Register("card", R"("kind":"CARD","card":{"section":"s","title":"t","subtitle":"s",
      "finding_note_names":["n"],"requires_configuration":true,"badge_text":"b","elements":[
      {"kind":"TIME_SERIES","text":"t","default_interval":"d","default_time_range":"1d",
       "value_types":[{"kind":"FINDING_COUNT","finding_note_names":["n"],"text":"t"}]}]})"),
            200);
  const auto listed = harness_.Send("GET", kNotes);
  EXPECT_EQ(json::Find(listed.body, "notes")->as_array().size(), 4U);
  const auto read = harness_.Send("GET", std::string(kNotes) + "/open");
  EXPECT_EQ(json::FindText(read.body, "name"), "acc/providers/doors/notes/open");
  EXPECT_EQ(json::FindText(*json::Find(read.body, "finding"), "severity"), "LOW");
  EXPECT_EQ(harness_.Send("PUT", std::string(kNotes) + "/open", Note("open", kFinding)).status,
            200);
  EXPECT_EQ(harness_.Send("PUT", std::string(kNotes) + "/open", Note("shut", kFinding)).status,
            400);
  EXPECT_EQ(harness_.Send("PUT", std::string(kNotes) + "/none", Note("none", kFinding)).status,
            404);
  EXPECT_EQ(harness_.Send("DELETE", std::string(kNotes) + "/open").status, 200);
  EXPECT_EQ(harness_.Send("GET", std::string(kNotes) + "/open").status, 404);
}

TEST_F(FindingsApi, ANoteHasTheBodyOfItsKindAlone) {
  EXPECT_EQ(Register("open", R"("kind":"FINDING")"), 400);
  const auto both = harness_.Send(
      "POST", kNotes, Note("open", std::string(kFinding) + R"(,"kpi":{"aggregation_type":"SUM"})"));
  EXPECT_EQ(both.status, 400);
  EXPECT_NE(both.text.find("kpi: field is not allowed for kind FINDING"), std::string::npos)
      << both.text;
  EXPECT_EQ(Register("open", R"("kind":"RUMOUR")"), 400);
  ASSERT_EQ(Register("open", kFinding), 200);
  const auto bare =
      harness_.Send("POST", kOccurrences,
                    R"({"id":"o1","kind":"FINDING","note_name":"acc/providers/doors/notes/open"})");
  EXPECT_EQ(bare.status, 400);
  EXPECT_NE(bare.text.find("Missing field 'finding' for kind 'FINDING'"), std::string::npos)
      << bare.text;
  EXPECT_EQ(Register("a/b", kFinding), 400);
}

TEST_F(FindingsApi, AProviderReportsOccurrencesOfItsNotes) {
  ASSERT_EQ(Register("open", kFinding), 200);
  const auto made = harness_.Send("POST", kOccurrences, Occurrence("o1"));
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(json::FindText(made.body, "name"), "acc/providers/doors/occurrences/o1");
  EXPECT_EQ(json::FindText(*json::Find(made.body, "context"), "account_id"), "acc");
  EXPECT_EQ(harness_.Send("POST", kOccurrences, Occurrence("o1")).status, 409);
  harness_.more.Set("Replace-If-Exists", "true");
  EXPECT_EQ(harness_.Send("POST", kOccurrences, Occurrence("o1")).status, 200);
  const std::string one = std::string(kOccurrences) + "/o1";
  EXPECT_EQ(harness_.Send("PUT", one, Occurrence("o1")).status, 200);
  EXPECT_EQ(harness_.Send("PUT", one, Occurrence("o2")).status, 400);
  EXPECT_EQ(json::FindText(harness_.Send("GET", one + "/note").body, "id"), "open");
  const auto of_note = harness_.Send("GET", std::string(kNotes) + "/open/occurrences");
  EXPECT_EQ(json::Find(of_note.body, "occurrences")->as_array().size(), 1U);
  EXPECT_EQ(harness_.Send("DELETE", one).status, 200);
  EXPECT_EQ(harness_.Send("GET", one).status, 404);
}

TEST_F(FindingsApi, EachProviderListsItsOwn) {
  ASSERT_EQ(Register("open", kFinding), 200);
  ASSERT_EQ(harness_.Send("POST", kOccurrences, Occurrence("o1")).status, 200);
  const auto ours = harness_.Send("GET", "/findings/v1/acc/providers/security-advisor/occurrences");
  EXPECT_EQ(json::Find(ours.body, "occurrences")->as_array().size(), 1U);
  const auto theirs = harness_.Send("GET", kOccurrences);
  EXPECT_EQ(json::Find(theirs.body, "occurrences")->as_array().size(), 1U);
  const auto nobodys = harness_.Send("GET", "/findings/v1/acc/providers/none/occurrences");
  EXPECT_TRUE(json::Find(nobodys.body, "occurrences")->as_array().empty());
  const auto providers = harness_.Send("GET", "/findings/v1/acc/providers?limit=1&skip=1");
  EXPECT_EQ(*json::Find(providers.body, "total_count"), json::Value(2));
  EXPECT_EQ(json::FindText(json::Find(providers.body, "providers")->as_array().at(0), "id"),
            "security-advisor");
}

TEST_F(FindingsApi, TheGraphIsAskedInItsOwnLanguageOrInJson) {
  ASSERT_EQ(Register("open", kFinding), 200);
  harness_.content_type = "application/graphql";
  const auto notes = harness_.Send("POST", "/findings/v1/acc/graph", "{notes{id}}");
  EXPECT_EQ(notes.text,
            R"({"data":{"notes":[{"id":"open"},{"id":"va-image_with_vulnerabilities"}]}})");
  harness_.content_type = "application/json";
  const auto occurrences = harness_.Send(
      "POST", "/findings/v1/acc/graph",
      R"({"query":"{occurrences(kind: \"FINDING\") {context{serviceName} finding{severity}}}"})");
  EXPECT_EQ(occurrences.text,
            R"({"data":{"occurrences":[{"context":{"serviceName":"container-registry"},)"
            R"("finding":{"severity":"HIGH"}}]}})");
  EXPECT_EQ(harness_.Send("POST", "/findings/v1/acc/graph", R"({"query":"{secrets}"})").status,
            400);
}

TEST_F(FindingsApi, AnotherAccountIsRefused) {
  EXPECT_EQ(harness_.Send("GET", "/findings/v1/other/providers").status, 403);
}

}  // namespace
}  // namespace breakwater::api::findings
