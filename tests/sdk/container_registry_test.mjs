// The registry's management (ibm-registry 1), in the order of a user's work, and the calls that the
// reference's Terraform provider makes for its resources.
import ContainerRegistry from '@ibm-cloud/ibm-container-registry/dist/container-registry/v1.js';
import { pushImage } from './image.mjs';
import { account, answers, apikey, client, finish, has, is, refuses } from './lib.mjs';

const registry = client(ContainerRegistry, '', apikey, { account });
// The test's server is reached by an address, and is us.icr.io.
const host = 'us.icr.io';

const group = account;
is('a namespace is made', (await answers('namespaces can be made', 201, () =>
  registry.createNamespace({ name: 'sdk-team', xAuthResourceGroup: group }))).namespace, 'sdk-team');
await answers('and again without harm', 200, () => registry.createNamespace({ name: 'sdk-team' }));
await answers('it is assigned to the group it has', 200, () =>
  registry.assignNamespace({ name: 'sdk-team', xAuthResourceGroup: group }));
is('it is listed', (await answers('namespaces are listed', 200, () =>
  registry.listNamespaces())).includes('sdk-team'), true);
const details = (await answers('with details', 200, () => registry.listNamespaceDetails()))
  .find((item) => item.name === 'sdk-team');
has('which are all there', details, 'account', 'name', 'crn', 'resource_group', 'created_date',
  'resource_created_date', 'updated_date');
await refuses('a name that is none is refused', 400, () =>
  registry.createNamespace({ name: 'No Name' }));
await refuses('another account is refused', 403, () =>
  client(ContainerRegistry, '', apikey, { account: 'f'.repeat(32) }).listNamespaces());

await answers('authorization options are changed', 204, () =>
  registry.updateAuth({ iamAuthz: true, privateOnly: false }));
is('and read', await answers('they are there', 200, () => registry.getAuth()),
  { iam_authz: true, private_only: false });
await answers('settings are changed', 204, () =>
  registry.updateSettings({ platformMetrics: true }));
is('and read back', await answers('they are there, too', 200, () => registry.getSettings()),
  { platform_metrics: true });
await answers('messages are for everybody', 204, () => registry.getMessages());
has('the plan is told', await answers('there is a plan', 200, () => registry.getPlans()), 'plan');
await answers('the quota is changed', 200, () =>
  registry.updateQuota({ storageMegabytes: 500, trafficMegabytes: 4900 }));
is('and told in bytes', (await answers('there is a quota', 200, () =>
  registry.getQuota())).limit, { storage_bytes: 524288000, traffic_bytes: 5138022400 });

const digest = await pushImage('sdk-team/seed', '1', { 'etc/hello': 'hello' },
  { Env: ['A=b'], Cmd: ['sh'], Labels: { a: 'b' }, ExposedPorts: { '80/tcp': {} } });
await answers('an image is tagged', 201, () => registry.tagImage(
  { fromimage: `${host}/sdk-team/seed:1`, toimage: `${host}/sdk-team/app:2` }));
const [image] = await answers('images are listed', 200, () => registry.listImages(
  { namespace: 'sdk-team', repository: 'sdk-team/app', includeIbm: true, includePrivate: true,
    includeManifestLists: true, vulnerabilities: true }));
is('by their full names', [image.RepoTags, image.RepoDigests, image.DigestTags],
  [[`${host}/sdk-team/app:2`], [`${host}/sdk-team/app@${digest}`],
    { [digest]: [`${host}/sdk-team/app:2`] }]);
const digests = await answers('digests are listed', 200, () => registry.listImageDigests(
  { excludeTagged: false, excludeVa: false, includeIbm: false, repositories: [] }));
is('with every repository that holds them',
  Object.keys(digests.find((item) => item.id === digest).repoTags),
  [`${host}/sdk-team/app`, `${host}/sdk-team/seed`]);
const inspection = await answers('an image is inspected', 200, () =>
  registry.inspectImage({ image: `${host}/sdk-team/app:2` }));
is('to its configuration', [inspection.Config.Env, inspection.Config.Labels, inspection.Created],
  [['A=b'], { a: 'b' }, '2022-03-21T09:10:00Z']);
is('its manifest is the one that was pushed', (await answers('it has a manifest', 200, () =>
  registry.getImageManifest({ image: `${host}/sdk-team/app:2` }))).schemaVersion, 2);

is('a tag is removed', (await answers('tags can be removed', 200, () =>
  registry.deleteImageTag({ image: `${host}/sdk-team/app:2` }))).Untagged,
`${host}/sdk-team/app:2`);
is('an image is deleted', (await answers('images can be deleted', 200, () =>
  registry.deleteImage({ image: `${host}/sdk-team/seed:1` }))).Untagged, digest);
const trashed = `${host}/sdk-team/seed@${digest}`;
const trash = await answers('the trash is listed', 200, () =>
  registry.listDeletedImages({ namespace: 'sdk-team' }));
is('it lies there with its tag', trash[trashed]?.tags, ['1']);
is('its tags are restored', await answers('tags can be restored', 200, () =>
  registry.restoreTags({ digest: trashed })), { successful: ['1'], unsuccessful: [] });
await refuses('what is not in the trash is not restored', 404, () =>
  registry.restoreImage({ image: `${host}/sdk-team/seed:none` }));
const bulk = await answers('images are deleted together', 200, () => registry.bulkDeleteImages(
  { bulkDelete: [`${host}/sdk-team/seed:1`, `${host}/sdk-team/none:1`] }));
is('each with its own result', [bulk.success, Object.keys(bulk.error)],
  [[`${host}/sdk-team/seed:1`], [`${host}/sdk-team/none:1`]]);
await answers('an image is restored by its tag', 200, () =>
  registry.restoreImage({ image: `${host}/sdk-team/seed:1` }));

// The provider sends, of a policy that is there, only what changed.
const policy = () => answers('a policy is read', 200, () =>
  registry.getRetentionPolicy({ namespace: 'sdk-team' }));
await answers('Terraform creates a retention policy', 201, () =>
  registry.setRetentionPolicy({ namespace: 'sdk-team', imagesPerRepo: 10 }));
is('which deletes what is untagged', await policy(),
  { namespace: 'sdk-team', images_per_repo: 10, retain_untagged: false });
await answers('it updates what becomes of untagged images', 201, () =>
  registry.setRetentionPolicy({ namespace: 'sdk-team', retainUntagged: true }));
is('and the number stays', await policy(),
  { namespace: 'sdk-team', images_per_repo: 10, retain_untagged: true });
await answers('it updates the number', 201, () =>
  registry.setRetentionPolicy({ namespace: 'sdk-team', imagesPerRepo: 12 }));
is('and untagged images stay', await policy(),
  { namespace: 'sdk-team', images_per_repo: 12, retain_untagged: true });
is('an analysis deletes nothing of this', await answers('policies are analysed', 200, () =>
  registry.analyzeRetentionPolicy({ namespace: 'sdk-team', imagesPerRepo: 10 })), {});
is('policies are listed', (await answers('there is a list of policies', 200, () =>
  registry.listRetentionPolicies()))['sdk-team'].images_per_repo, 12);
await answers('it deletes the policy', 201, () => registry.setRetentionPolicy(
  { namespace: 'sdk-team', imagesPerRepo: -1, retainUntagged: true }));
is('by one that keeps everything', await policy(),
  { namespace: 'sdk-team', images_per_repo: -1, retain_untagged: true });

await answers('a namespace is deleted', 204, () => registry.deleteNamespace({ name: 'sdk-team' }));
is('Terraform finds it gone', (await answers('details are read again', 200, () =>
  registry.listNamespaceDetails())).filter((item) => item.name === 'sdk-team'), []);
await refuses('and its policy', 404, () =>
  registry.getRetentionPolicy({ namespace: 'sdk-team' }));

finish();
