// An upload as a file of the staging directory. Internal to blob/fs.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "blob/blob_store.h"
#include "blob/fs/layout.h"
#include "io/file.h"

namespace breakwater::blob {

class FsStaged final : public Staged {
 public:
  static Result<std::unique_ptr<Staged>> Create(const Layout& layout);
  static Result<std::unique_ptr<Staged>> Resume(const Layout& layout, const std::string& id);
  ~FsStaged() override;

  const std::string& id() const override { return id_; }
  std::uint64_t size() const override { return size_; }
  // All of `bytes` or none of them.
  Status Append(ByteView bytes) override;
  // Written bytes are the kernel's: they outlive the process as they are.
  Status Flush() override { return Ok(); }
  Result<std::unique_ptr<io::Source>> Read() override;

 private:
  FsStaged(std::string id, io::DurableFile file);
  void Close();
  Status CutBack();

  const std::string id_;
  const std::filesystem::path path_;
  std::uint64_t size_;
  std::optional<io::DurableFile> file_;  // absent after a failure that could not be undone
};

// The error for an upload that is not there.
Error NoSuchUpload();

}  // namespace breakwater::blob
