//! Values of the config file that are written as a text.

/// Makes of a type with `FromStr` one that the file can hold: a string of its own format,
/// with the pattern by which editors know it.
macro_rules! text_value {
    ($type:ident, $format:literal, $pattern:literal) => {
        impl $type {
            /// Name of the format in the JSON Schema.
            pub const FORMAT: &str = $format;
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "format": $format,
                    "pattern": $pattern,
                })
            }
        }
    };
}

pub(crate) use text_value;
