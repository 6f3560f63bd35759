// RAII for OpenSSL's handles, for .cc files of this folder only.
#pragma once

#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "base/handle.h"

namespace breakwater::crypto {

using MdCtxPtr = UniqueHandle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherCtxPtr = UniqueHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using PkeyPtr = UniqueHandle<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtxPtr = UniqueHandle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using BioPtr = UniqueHandle<BIO, BIO_free_all>;

// Empties the thread's queue of errors into one text for the log.
inline std::string TakeOpensslErrors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char line[256];
    ERR_error_string_n(code, line, sizeof line);
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

inline unsigned char* Octets(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
inline const unsigned char* Octets(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}

}  // namespace breakwater::crypto
