#include "io/file.h"

#include <cerrno>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"
#include "io/file_faults.h"
#include "io/lock_file.h"

namespace breakwater::io {
namespace {

namespace fs = std::filesystem;
using breakwater::testing::TempDir;

// Notes every call and fails the n-th (from 0), if told.
class Recorder final : public FileFaults {
 public:
  explicit Recorder(std::size_t fail_at = SIZE_MAX, int error = ENOSPC)
      : fail_at_(fail_at), error_(error) {}
  int Before(FileCall call) override {
    calls_.push_back(call);
    return calls_.size() - 1 == fail_at_ ? error_ : 0;
  }
  const std::vector<FileCall>& calls() const { return calls_; }

 private:
  std::size_t fail_at_;
  int error_;
  std::vector<FileCall> calls_;
};

std::size_t FilesIn(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(DurableWrite, SyncsTheFileBeforeTheRenameAndTheDirectoryAfter) {
  const TempDir dir;
  Recorder recorder;
  const ScopedFileFaults scope(recorder);
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("content")).ok());
  EXPECT_EQ(recorder.calls(),
            (std::vector{FileCall::kCreate, FileCall::kWrite, FileCall::kSync, FileCall::kRename,
                         FileCall::kOpenDirectory, FileCall::kSyncDirectory}));
}

TEST(DurableWrite, LeavesTheOldOrTheNewContentWhicheverCallFails) {
  const TempDir dir;
  const fs::path path = dir.path() / "a";
  ASSERT_TRUE(WriteFileDurably(path, AsBytes("old")).ok());
  bool done = false;
  for (std::size_t n = 0; !done; ++n) {
    ASSERT_LT(n, 100U);
    Recorder recorder(n);
    Status written;
    {
      const ScopedFileFaults scope(recorder);
      written = WriteFileDurably(path, AsBytes("new content"));
    }
    done = written.ok();
    const std::string content = *ReadFile(path, 100);
    EXPECT_TRUE(content == "old" || content == "new content") << n << content;
    if (!done) {
      EXPECT_EQ(written.error().code(), ErrorCode::kUnavailable);
      EXPECT_EQ(written.error().reason(), "storage_full");
    }
    EXPECT_EQ(FilesIn(dir.path()), 1U) << "a temporary file is left after fault " << n;
  }
  EXPECT_EQ(*ReadFile(path, 100), "new content");
}

TEST(DurableWrite, GivesTheFileItsMode) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("x")).ok());
  EXPECT_EQ(fs::status(dir.path() / "a").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST(DurableWrite, MessagesNameNoPath) {
  const auto written = WriteFileDurably("/nonexistent/place/a", AsBytes("x"));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(written.error().message().find("nonexistent"), std::string::npos);
  EXPECT_NE(written.error().log().find("/nonexistent/place"), std::string::npos);
}

TEST(DurableFile, AFailedSyncNeverSucceedsAgain) {
  const TempDir dir;
  DurableFile file = *DurableFile::Create(dir.path());
  ASSERT_TRUE(file.Write(AsBytes("x")).ok());
  {
    Recorder recorder(0, EIO);
    const ScopedFileFaults scope(recorder);
    EXPECT_EQ(file.Sync().error().reason(), "storage_error");
  }
  EXPECT_FALSE(file.Sync().ok());
}

TEST(DurableFile, AFailedWriteForbidsSync) {
  const TempDir dir;
  DurableFile file = *DurableFile::Create(dir.path());
  {
    Recorder recorder(0);
    const ScopedFileFaults scope(recorder);
    EXPECT_FALSE(file.Write(AsBytes("x")).ok());
  }
  EXPECT_FALSE(file.Sync().ok());
}

TEST(DurableFile, IsRemovedUnlessMovedOrKept) {
  const TempDir dir;
  {
    const DurableFile file = *DurableFile::Create(dir.path());
  }
  EXPECT_EQ(FilesIn(dir.path()), 0U);
}

TEST(DurableFile, GoesOnAfterKeep) {
  const TempDir dir;
  fs::path kept;
  {
    DurableFile file = *DurableFile::Create(dir.path());
    ASSERT_TRUE(file.Write(AsBytes("first,")).ok());
    kept = std::move(file).Keep();
  }
  EXPECT_TRUE(kept.filename().string().starts_with(DurableFile::kTempPrefix));
  DurableFile file = *DurableFile::Resume(kept);
  EXPECT_EQ(file.size(), 6U);
  ASSERT_TRUE(file.Write(AsBytes("second")).ok());
  ASSERT_TRUE(file.Sync().ok());
  ASSERT_TRUE(file.MoveTo(dir.path() / "done").ok());
  EXPECT_EQ(*ReadFile(dir.path() / "done", 100), "first,second");
  EXPECT_EQ(FilesIn(dir.path()), 1U);
}

TEST(DurableFile, WritesLargeBodiesWithWriteBehind) {
  const TempDir dir;
  DurableFile file = *DurableFile::Create(dir.path(), {.write_behind = 1024 * 1024});
  const std::string piece(1024 * 1024 + 1, 'p');
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(file.Write(AsBytes(piece)).ok());
  ASSERT_TRUE(file.Sync().ok());
  ASSERT_TRUE(file.MoveTo(dir.path() / "large").ok());
  EXPECT_EQ(*ReadFile(dir.path() / "large", 4 * piece.size()), piece + piece + piece);
}

TEST(File, ReadsAtAnyOffsetAndStopsAtTheEnd) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("0123456789")).ok());
  const File file = *File::Open(dir.path() / "a");
  EXPECT_EQ(file.size(), 10U);
  Bytes out(4);
  EXPECT_EQ(*file.ReadAt(3, out), 4U);
  EXPECT_EQ(AsText(out), "3456");
  EXPECT_EQ(*file.ReadAt(8, out), 2U);
  EXPECT_EQ(*file.ReadAt(10, out), 0U);
}

TEST(File, OpensRegularFilesOnly) {
  const TempDir dir;
  EXPECT_EQ(File::Open(dir.path()).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(File::Open(dir.path() / "none").error().code(), ErrorCode::kNotFound);
  ASSERT_EQ(::mkfifo((dir.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(File::Open(dir.path() / "fifo").error().code(), ErrorCode::kInvalid);
}

TEST(File, ReadFileRefusesMoreThanTheLimit) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("0123456789")).ok());
  EXPECT_EQ(*ReadFile(dir.path() / "a", 10), "0123456789");
  EXPECT_EQ(ReadFile(dir.path() / "a", 9).error().code(), ErrorCode::kTooLarge);
}

TEST(File, SourceReadsARangeAndNoticesAShorterFile) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("0123456789")).ok());
  FileSource whole(*File::Open(dir.path() / "a"));
  EXPECT_EQ(*ReadAll(whole, 100), "0123456789");
  FileSource range(*File::Open(dir.path() / "a"), 2, 5);
  EXPECT_EQ(*ReadAll(range, 100), "23456");
  FileSource beyond(*File::Open(dir.path() / "a"), 8, 5);
  EXPECT_EQ(ReadAll(beyond, 100).error().code(), ErrorCode::kDataCorrupt);
}

TEST(Directories, AreMadeDurablyWithTheirParents) {
  const TempDir dir;
  const fs::path path = dir.path() / "a" / "b";
  Recorder recorder;
  {
    const ScopedFileFaults scope(recorder);
    ASSERT_TRUE(MakeDirectories(path).ok());
    ASSERT_TRUE(MakeDirectories(path).ok());
  }
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(std::count(recorder.calls().begin(), recorder.calls().end(), FileCall::kSyncDirectory),
            2);
  ASSERT_TRUE(WriteFileDurably(path / "file", AsBytes("x")).ok());
  EXPECT_EQ(MakeDirectories(path / "file").error().code(), ErrorCode::kExists);
}

TEST(Directories, RemovingAMissingFileIsNoError) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("x")).ok());
  EXPECT_TRUE(RemoveFile(dir.path() / "a").ok());
  EXPECT_TRUE(RemoveFile(dir.path() / "a").ok());
  EXPECT_EQ(FilesIn(dir.path()), 0U);
}

TEST(DirectoryLock, RefusesASecondHolderAndNamesTheFirst) {
  const TempDir dir;
  {
    const auto first = DirectoryLock::Acquire(dir.path());
    ASSERT_TRUE(first.ok());
    const auto second = DirectoryLock::Acquire(dir.path());
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().reason(), "data_directory_in_use");
    EXPECT_NE(second.error().message().find("process " + std::to_string(::getpid())),
              std::string::npos);
  }
  EXPECT_TRUE(DirectoryLock::Acquire(dir.path()).ok());
}

TEST(DirectoryLock, TakesOverTheFileOfAHolderThatIsGone) {
  const TempDir dir;
  std::ofstream(dir.path() / DirectoryLock::kFileName) << "4194303999999 left over\n";
  ASSERT_TRUE(DirectoryLock::Acquire(dir.path()).ok());
  EXPECT_EQ(*ReadFile(dir.path() / DirectoryLock::kFileName, 100),
            std::to_string(::getpid()) + "\n");
}

TEST(UniqueFd, ClosesWhatItOwns) {
  const TempDir dir;
  ASSERT_TRUE(WriteFileDurably(dir.path() / "a", AsBytes("x")).ok());
  int fd = -1;
  {
    const File file = *File::Open(dir.path() / "a");
    fd = file.fd();
    ASSERT_NE(::fcntl(fd, F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace breakwater::io
