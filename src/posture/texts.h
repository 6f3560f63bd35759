// Lists of texts in documents.
#pragma once

#include <string>
#include <vector>

#include "json/json.h"

namespace breakwater::posture {

inline json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(json::Text(text));
  return array;
}

}  // namespace breakwater::posture
