// usage: node validate.mjs SCHEMA FILE…
// One line for each file, "valid FILE" or "invalid FILE" with the first mistakes below it. Patterns
// have Unicode classes, and one of the schemas is of draft 4.
import fs from 'node:fs';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

const [schemaFile, ...files] = process.argv.slice(2);
const schema = JSON.parse(fs.readFileSync(schemaFile, 'utf8'));
delete schema.$schema;
delete schema.id;
const ajv = new Ajv({
  strict: false, allErrors: true, unicodeRegExp: true, logger: false, validateSchema: false,
});
addFormats(ajv);
const validate = ajv.compile(schema);

let failures = 0;
for (const file of files) {
  if (validate(JSON.parse(fs.readFileSync(file, 'utf8')))) {
    console.log(`valid ${file}`);
    continue;
  }
  failures += 1;
  console.log(`invalid ${file}`);
  for (const error of validate.errors.slice(0, 8)) {
    console.log(`  ${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
  }
}
process.exit(failures === 0 && files.length > 0 ? 0 : 1);
