#include "insights/graph.h"

#include <gtest/gtest.h>

namespace breakwater::insights {
namespace {

json::Value Document() {
  return json::Parse(R"([{"id":"a","note_name":"acc/providers/p/notes/n",
                          "finding":{"severity":"LOW","next_steps":[{"title":"t","url":"u"}]}},
                         {"id":"b"}])")
      .value();
}

TEST(Graph, AQueryIsProjectedOnDocuments) {
  const auto fields = ParseGraphQuery(
      R"(query All { occurrences(kind: "FINDING", limit: 3, providerId: p) # of one provider
         { id, name: noteName finding { severity nextSteps { title } } } })");
  ASSERT_TRUE(fields.ok()) << fields.error().message();
  ASSERT_EQ(fields->size(), 1U);
  const GraphField& root = fields->front();
  EXPECT_EQ(root.name, "occurrences");
  EXPECT_EQ(*root.Argument("kind"), json::Value("FINDING"));
  EXPECT_EQ(*root.Argument("limit"), json::Value(3));
  EXPECT_EQ(*root.Argument("providerId"), json::Value("p"));
  EXPECT_EQ(root.Argument("severity"), nullptr);
  EXPECT_EQ(json::Serialize(Project(Document(), root.fields)),
            R"([{"id":"a","name":"acc/providers/p/notes/n",)"
            R"("finding":{"severity":"LOW","nextSteps":[{"title":"t"}]}},)"
            R"({"id":"b","name":null,"finding":null}])");
}

TEST(Graph, WhatIsNoQueryIsRefused) {
  for (const char* text :
       {"", "{", "{}", "notes", "{notes{id}", "{notes{id}} x", "{notes(kind){id}}",
        "{notes(kind:){id}}", "{notes(kind:\"){id}}", "{notes(kind:\"\\\"", "mutation{a}", "{...f}",
        "{a @b}", "{a(b:$c)}", "{a{b{c{d{e{f{g{h{i}}}}}}}}}"}) {
    const auto fields = ParseGraphQuery(text);
    ASSERT_FALSE(fields.ok()) << text;
    EXPECT_EQ(fields.error().code(), ErrorCode::kInvalid) << text;
  }
  EXPECT_TRUE(ParseGraphQuery("{a{b{c{d{e{f{g{h}}}}}}}}").ok());
}

}  // namespace
}  // namespace breakwater::insights
