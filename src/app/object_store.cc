#include "app/object_store.h"

#include "base/strings.h"
#include "io/file.h"

namespace breakwater::app {
namespace {

constexpr std::size_t kMaxCredentialsFile = 64U << 10U;

// Lines "name = value"; others, such as a profile's "[name]", are passed over.
Result<net::AwsCredentials> ReadCredentials(const std::string& path) {
  BW_TRY(const std::string text,
         io::ReadFile(path, kMaxCredentialsFile).Context("s3.credentials_file"));
  net::AwsCredentials credentials;
  for (const std::string_view line : Split(text, '\n')) {
    const auto parts = SplitN(line, '=', 2);
    if (parts.size() != 2) continue;
    const std::string_view name = Trim(parts[0]);
    const std::string value(Trim(parts[1]));
    if (name == "aws_access_key_id") credentials.access_key = value;
    if (name == "aws_secret_access_key") credentials.secret_key = Secret(value);
    if (name == "aws_session_token") credentials.session_token = Secret(value);
  }
  if (credentials.access_key.empty() || credentials.secret_key.empty()) {
    return Invalid("s3.credentials_file lacks aws_access_key_id or aws_secret_access_key")
        .Reason("invalid_credentials_file");
  }
  return credentials;
}

}  // namespace

Result<blob::S3Options> S3OptionsFrom(const config::S3& settings) {
  blob::S3Options options;
  options.endpoint = settings.endpoint;
  options.region = settings.region;
  options.bucket = settings.bucket;
  options.prefix = settings.prefix;
  options.path_style = settings.addressing == "path";
  options.ca_file = settings.ca_file;
  options.part_size = static_cast<std::uint64_t>(settings.part_bytes);
  options.buffer_bytes = static_cast<std::uint64_t>(settings.buffer_bytes);
  options.deadline = settings.deadline;
  if (settings.access_key.empty()) {
    BW_TRY(options.credentials, ReadCredentials(settings.credentials_file));
  } else {
    options.credentials = {.access_key = settings.access_key,
                           .secret_key = settings.secret_key,
                           .session_token = settings.session_token};
  }
  return options;
}

}  // namespace breakwater::app
