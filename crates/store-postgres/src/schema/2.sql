-- The account at the provider that a connection was made for, and secrets that the provider refused for good.
ALTER TABLE tieline_connections ADD COLUMN account TEXT;
ALTER TABLE tieline_secrets ADD COLUMN refused_at TIMESTAMPTZ;
