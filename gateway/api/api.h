// The HTTP interface of a gateway: who asks, what for, and the answer. openapi.yaml is its contract.
//
// Trust: every request is hostile until its token or certificate held. Routing comes before sign-in, because
// TES clients probe other paths and must see a plain 404 there.
#pragma once

#include <memory>

#include "gateway/api/router.h"
#include "gateway/io/http.h"

namespace hetao::io {
class Shell;
}

namespace hetao::api {

class Api {
 public:
  Api(std::shared_ptr<Backend> backend, ApiConfig config);

  // Answers requests; keeps what it needs alive. For the io thread.
  io::HttpHandler handler() const;
  // For the io thread: requests that begin later see the new configuration.
  void reload(ApiConfig config);
  void reload_certificates(std::vector<CertificateFile> certificates);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

// The shell as a backend (shell_backend.cpp). The shell must outlive it.
std::shared_ptr<Backend> backend_of(io::Shell& shell);

// For daemons that never reload: an Api over the shell, as its handler.
io::HttpHandler make_handler(io::Shell& shell, ApiConfig config);

}  // namespace hetao::api
