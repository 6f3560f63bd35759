#include "db/postgres/errors.h"

#include <gtest/gtest.h>

namespace breakwater::db::postgres {
namespace {

TEST(PostgresErrors, TellWhatToDoAboutEachClass) {
  struct Case {
    const char* state;
    Trouble trouble;
    ErrorCode code;
  };
  for (const Case& one : {Case{"23505", Trouble::kFailed, ErrorCode::kExists},
                          Case{"23503", Trouble::kFailed, ErrorCode::kConflict},
                          Case{"23502", Trouble::kFailed, ErrorCode::kConflict},
                          Case{"23514", Trouble::kFailed, ErrorCode::kConflict},
                          Case{"22021", Trouble::kFailed, ErrorCode::kInvalid},
                          Case{"54000", Trouble::kFailed, ErrorCode::kTooLarge},
                          Case{"57014", Trouble::kFailed, ErrorCode::kDeadline},
                          Case{"53100", Trouble::kFailed, ErrorCode::kUnavailable},
                          Case{"58030", Trouble::kFailed, ErrorCode::kUnavailable},
                          Case{"XX001", Trouble::kFailed, ErrorCode::kDataCorrupt},
                          Case{"42601", Trouble::kFailed, ErrorCode::kInternal},
                          Case{"08P01", Trouble::kFailed, ErrorCode::kInternal},
                          Case{"40001", Trouble::kConflict, ErrorCode::kUnavailable},
                          Case{"40P01", Trouble::kConflict, ErrorCode::kUnavailable},
                          Case{"26000", Trouble::kStaleNames, ErrorCode::kInternal},
                          Case{"42P05", Trouble::kStaleNames, ErrorCode::kInternal},
                          Case{"57P01", Trouble::kLost, ErrorCode::kUnavailable},
                          Case{"57P03", Trouble::kLost, ErrorCode::kUnavailable},
                          Case{"08006", Trouble::kLost, ErrorCode::kUnavailable},
                          Case{"25P03", Trouble::kLost, ErrorCode::kUnavailable},
                          Case{"", Trouble::kLost, ErrorCode::kUnavailable}}) {
    const Failure failure = Classify(one.state, /*fatal=*/false, "secret_table");
    EXPECT_EQ(failure.trouble, one.trouble) << one.state;
    EXPECT_EQ(failure.error.code(), one.code) << one.state;
    EXPECT_EQ(failure.error.message().find("secret_table"), std::string::npos);
    EXPECT_NE(failure.error.log().find("secret_table"), std::string::npos);
  }
}

TEST(PostgresErrors, OfASessionThatTheServerEndedIsALostConnection) {
  EXPECT_EQ(Classify("08P01", /*fatal=*/true, "").trouble, Trouble::kLost);
  EXPECT_EQ(Classify("XX000", /*fatal=*/true, "").trouble, Trouble::kLost);
}

}  // namespace
}  // namespace breakwater::db::postgres
