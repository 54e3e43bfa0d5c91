-- What the role of the application may do. `ROLE` stands for its quoted name.
GRANT USAGE ON SCHEMA pi TO ROLE;
GRANT SELECT ON pi.format TO ROLE;
GRANT SELECT, INSERT ON pi.signer, pi.events, pi.payloads, pi.checkpoints, pi.head, pi.heads,
  pi.epochs, pi.correlations, pi.subtrees, pi.runs, pi.claims, pi.blobs, pi.run_keys,
  pi.sealed_blobs TO ROLE;
GRANT UPDATE (salt, payload) ON pi.payloads TO ROLE;
GRANT UPDATE (size, peaks) ON pi.head TO ROLE;
GRANT UPDATE ("offset", event_hash, frozen) ON pi.heads TO ROLE;
GRANT UPDATE (last_leaf, sealed) ON pi.runs TO ROLE;
GRANT UPDATE (epoch) ON pi.claims TO ROLE;
GRANT DELETE ON pi.run_keys, pi.sealed_blobs TO ROLE;
