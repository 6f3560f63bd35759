// Configuration as documents: each folder that keeps some hands it out in sections and takes it
// back, so that all of an account's can be exported, reviewed as text, and applied elsewhere
// (admin/configuration.h). What is applied goes through the folder's own services, and so along the
// one path for change: rules judge it and the audit trail records it, item by item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "control/caller.h"
#include "json/json.h"

namespace breakwater::control {

// One thing that is configured, e.g. a namespace.
struct ConfigurationItem {
  // Its name within the section: the same wherever the document is applied.
  std::string key;
  // An object that says all that its owner decides. No secret, no moment, and no id that another
  // installation would give it.
  json::Value document;
  // What this installation calls it. No part of the document.
  std::string id{};
};

// Thread-safe.
class ConfigurationSection {
 public:
  virtual ~ConfigurationSection() = default;

  virtual std::string_view name() const = 0;  // "namespaces"
  // Its items are there without anybody making them: what a document leaves out stays as it is,
  // where in other sections it is removed.
  virtual bool fixed() const { return false; }
  // Its items are rules, which judge others.
  virtual bool judges() const { return false; }
  // All there are, in an order in which they could be made.
  virtual Result<std::vector<ConfigurationItem>> Export(const AccountId& account) = 0;
  // An item as Export would give it once it is applied, with what it leaves out filled in, from
  // `now` (null if it is not there) or by default. kInvalid names the member that is wrong.
  virtual Result<ConfigurationItem> Complete(const AccountId& account, ConfigurationItem item,
                                             const json::Value& now) = 0;
  // Makes the item, or changes the one with its id into this. The errors are the service's.
  virtual Status Put(const Caller& caller, const AccountId& account,
                     const ConfigurationItem& item) = 0;
  // Never called where items are fixed.
  virtual Status Remove(const Caller& caller, const AccountId& account,
                        const ConfigurationItem& item) = 0;
};

// Keys of things whose names need not be unique: the second "Alerts" becomes "Alerts (2)". In the
// order of the calls.
class UniqueKeys {
 public:
  std::string KeyFor(std::string_view name);

 private:
  std::vector<std::string> given_;
};

}  // namespace breakwater::control
