//! The policy in force: allowlists and the platform's own networks.
