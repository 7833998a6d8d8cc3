-- Only TEXT and BIGINT, but for the bytes of pictures, so that SQLite and PostgreSQL run the same text. IDs are
-- compared by their bytes, so that those of all tables are compared alike.
--
-- A resource is a row: the columns that queries need, and the whole resource as
-- JSON in `document`. `version` counts its changes; an update names the version
-- that it read.

-- Values that every backend on this database shares.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Organizations form trees: a sub-organization names its parent.
CREATE TABLE organizations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    parent TEXT COLLATE "C" REFERENCES organizations (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX organizations_parent ON organizations (parent);

-- Which are about to be archived.
CREATE INDEX organizations_status ON organizations (status, id);

-- `email` is in lower case, so that it is unique whatever its spelling.
-- `password` is an argon2id hash and `api_token` the SHA-256 of a bot's token; both
-- stay out of the document. `memberships` has what the table of that name has of the
-- user, and each time the organizations above.
CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    role TEXT NOT NULL,
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE,
    password TEXT,
    api_token TEXT,
    memberships TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- A login, until it ends. Its refresh token is the one of the latest generation.
-- Times are in milliseconds since 1970.
CREATE TABLE sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    started BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    renewed BIGINT NOT NULL
);

CREATE INDEX sessions_user ON sessions (user_id, started, id);

CREATE INDEX sessions_expires ON sessions (expires);

-- Every user is a member of the organization that it belongs to, with the same
-- role and status, and may be a member of others.
CREATE TABLE memberships (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id),
    organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

-- Who the owners of an organization are.
CREATE INDEX memberships_organization ON memberships (organization_id, role);

-- No operation creates a workflow; they come from seeds.
CREATE TABLE workflows (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX workflows_organization ON workflows (organization, id);

CREATE TABLE organization_groups (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE TABLE bots (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- `document` has what an instance says itself; the rest it has of its bot, with
-- which it goes.
CREATE TABLE bot_instances (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    bot TEXT COLLATE "C" NOT NULL REFERENCES bots (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- Which instances a bot has, and which one its organization had first.
CREATE INDEX bot_instances_bot ON bot_instances (bot, organization, id);

-- `status` is the one that was kept; dates that have passed since change what it is.
CREATE TABLE services (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

CREATE INDEX services_status ON services (status, id);

-- The fields of a form are in its document.
CREATE TABLE forms (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    organization TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- What is listed: an entry for each list that a row is in and each organization
-- that sees it there. `list` is the number of a resource, of one of its
-- properties and of whether the row is archived; `viewer` is an organization that
-- the row belongs to or one above it; `value` is the property, as a text whose
-- bytes stand in the order of the list. Texts are compared by their bytes.
CREATE TABLE listed (
    list BIGINT NOT NULL,
    viewer TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (list, viewer, value, id)
);

-- Pictures of users, where they are kept in the database. The path is that of the
-- URL.
CREATE TABLE pictures (
    path TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    bytes BYTEA NOT NULL
);

-- Pictures that are kept elsewhere and that no user has: one that is being put, or
-- one that is being deleted. `since` is a second. What is here for long is deleted.
CREATE TABLE leftovers (
    path TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since BIGINT NOT NULL
);

CREATE INDEX leftovers_since ON leftovers (since);
