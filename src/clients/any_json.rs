//! JSON for properties: any document of a client, however it is written.

use proptest::prelude::*;

/// An object with any members and any blanks, keys of clients among them.
pub(crate) fn any_object() -> impl Strategy<Value = String> {
    object(value().boxed())
}

fn value() -> impl Strategy<Value = String> {
    let blank = "[ \t\r\n]{0,3}";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,3}(\\.[0-9]{1,2})?".prop_map(String::from),
        ".{0,6}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec((blank, inner.clone(), blank), 0..4).prop_map(|items| {
                let items: Vec<_> =
                    items.into_iter().map(|(before, item, after)| format!("{before}{item}{after}")).collect();
                format!("[{}]", items.join(","))
            }),
            object(inner.boxed()),
        ]
    })
}

fn object(value: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let key = prop_oneof!["[a-c]{1,2}", Just("credHelpers".to_owned()), Just("auths".to_owned())];
    let blank = "[ \t\r\n]{0,3}";
    prop::collection::vec((blank, key, blank, blank, value, blank), 0..4).prop_map(|members| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(a, key, b, c, value, d)| format!("{a}{}{b}:{c}{value}{d}", serde_json::Value::from(key)))
            .collect();
        format!("{{{}}}", members.join(","))
    })
}
