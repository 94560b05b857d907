use std::fs;

use super::*;

struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn load(&self, pinned: Option<&Path>, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let home = self.dir.path().to_str().unwrap();
        let mut all = vec![("HOME", home)];
        all.extend_from_slice(variables);
        let environment = Environment::of(&all);
        load(pinned, &environment, &Dirs::of(&environment))
    }
}

#[test]
fn without_a_file_the_defaults_hold() {
    let loaded = Home::new().load(None, &[]).unwrap();
    assert_eq!(loaded.source, Source::None);
    assert_eq!(loaded.config.slack.api_url, "https://slack.com/api/");
    assert_eq!(loaded.config.hook.wait_s, 300);
    assert_eq!(loaded.origin("hook.wait_s"), "the defaults");
}

#[test]
fn each_layer_overrides_the_one_before() {
    let home = Home::new();
    home.write(".config/countersign/countersign.toml", "[hook]\nwait_s = 60\nidle_exit_s = 5\n");
    let loaded = home.load(None, &[("COUNTERSIGN__HOOK__WAIT_S", "7")]).unwrap();
    assert_eq!((loaded.config.hook.wait_s, loaded.config.hook.idle_exit_s), (7, 5));
    assert_eq!(loaded.origin("hook.wait_s"), "the environment");
    assert!(loaded.origin("hook.idle_exit_s").ends_with("countersign.toml"));
}

#[test]
fn slack_variables_are_read_as_everywhere() {
    let loaded = Home::new().load(None, &[("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_API_URL", "http://127.0.0.1:1/api/")]);
    let config = loaded.unwrap().config;
    assert_eq!(config.bot_token().unwrap().unwrap().expose(), "xoxb-1");
    assert_eq!(config.slack.api_url, "http://127.0.0.1:1/api/");
}

#[test]
fn a_pinned_file_is_changed_by_nothing_outside_it() {
    let home = Home::new();
    let path = home.write("pinned.toml", "[slack]\nbot_token = \"xoxb-file\"\n[hook]\napprovers = [\"U1\"]\n");
    let variables = [
        ("SLACK_BOT_TOKEN", "xoxb-evil"),
        ("SLACK_API_URL", "http://127.0.0.1:1/"),
        ("COUNTERSIGN__HOOK__APPROVERS", "[\"UEVIL\"]"),
    ];
    let config = home.load(Some(&path), &variables).unwrap().config;
    assert_eq!(config.bot_token().unwrap().unwrap().expose(), "xoxb-file");
    assert_eq!(config.slack.api_url, "https://slack.com/api/");
    assert_eq!(config.hook.approvers, ["U1"]);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let home = Home::new();
    let path = home.write("c.toml", "[hook]\nwaits_s = 60\n");
    let error = home.load(Some(&path), &[]).unwrap_err().to_string();
    assert!(error.contains("unknown key `hook.waits_s`"), "{error}");
    assert!(error.contains("did you mean `hook.wait_s`?"), "{error}");
    assert!(error.contains("c.toml"), "{error}");
}

#[test]
fn an_unknown_variable_is_named_too() {
    let error = Home::new().load(None, &[("COUNTERSIGN__HOOK__WIAT_S", "1")]).unwrap_err().to_string();
    assert!(error.contains("`hook.wiat_s` in the environment"), "{error}");
}

#[test]
fn a_wrong_type_names_key_and_place() {
    let home = Home::new();
    let path = home.write("c.toml", "[hook]\nwait_s = \"soon\"\n");
    let error = home.load(Some(&path), &[]).unwrap_err().to_string();
    assert!(error.contains("c.toml") && error.contains("hook.wait_s"), "{error}");
}

#[test]
fn a_missing_pinned_file_is_an_error() {
    let error = Home::new().load(Some(Path::new("/nowhere/c.toml")), &[]).unwrap_err();
    assert!(matches!(error, ConfigError::Missing(_)));
}

#[test]
fn a_secret_file_is_read_and_trimmed() {
    let home = Home::new();
    let token = home.write("token", "xoxb-2\n");
    let path = home.write("c.toml", &format!("[slack]\nbot_token_file = {token:?}\n"));
    let config = home.load(Some(&path), &[]).unwrap().config;
    assert_eq!(config.bot_token().unwrap().unwrap().expose(), "xoxb-2");
}
