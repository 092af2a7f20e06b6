//! Tests of whole sets.
