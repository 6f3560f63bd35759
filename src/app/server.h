// Listeners in front of an installation.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "config/settings.h"

namespace breakwater::app {

class Server {
 public:
  // Takes both addresses, opens the data directory, and begins to answer. On return requests are
  // being served.
  static Result<std::unique_ptr<Server>> Start(const config::Settings& settings);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "http://127.0.0.1:5000"
  std::string public_url() const;
  std::string private_url() const;
  // Requests and jobs that run finish, up to the configured grace; then everything is closed.
  void Stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace breakwater::app
