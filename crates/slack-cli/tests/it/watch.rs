//! Files, and when they change.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use countersign_slack::hooks::WatchPaths;
use countersign_slack_cli::watch::{Pace, Selection, Watching};
use rstest::rstest;
use tempfile::TempDir;

/// So long a change is waited for; a test that needs it has failed.
const SOON: Duration = Duration::from_mins(1);
/// Tests need not be told so slowly as people.
const PACE: Pace = Pace { quiet: Duration::from_millis(30), rest: Duration::ZERO };

/// A directory with files that are watched.
struct Tree {
    directory: TempDir,
    watching: Option<Watching<&'static str>>,
    /// What was expected and told before: a slow machine may be told of it twice.
    told: Vec<String>,
}

impl Tree {
    /// A directory with these files in it.
    fn with(files: &[&str]) -> Self {
        let tree = Self { directory: tempfile::tempdir().unwrap(), watching: None, told: Vec::new() };
        for file in files {
            tree.write(file);
        }
        tree
    }

    /// Watches these paths, of which files with such names count.
    fn watching(mut self, paths: &[&str], names: Option<&str>) -> Self {
        self.watching = Some(start(BTreeMap::from([("app", self.selection(paths, names))])));
        self
    }

    fn selection(&self, paths: &[&str], names: Option<&str>) -> Selection {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        let watch = WatchPaths { paths, filter_regex: names.map(str::to_owned) };
        Selection::new(&self.root(), "config.watch.app", &watch).unwrap()
    }

    fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "text").unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).unwrap();
    }

    /// What changes next, of every kind.
    async fn next(&mut self) -> BTreeMap<&'static str, PathBuf> {
        let changed = self.watching.as_mut().unwrap().changed();
        tokio::time::timeout(SOON, changed).await.unwrap_or_else(|_| panic!("nothing changed"))
    }

    /// Waits until this file of the app has changed; nothing else must have changed first.
    async fn sees(&mut self, file: &str) {
        let root = self.root();
        loop {
            let changes = self.next().await;
            let path: &Path = &changes["app"];
            let path = path.strip_prefix(&root).unwrap_or(path).display().to_string();
            if path == file {
                return self.told.push(path);
            }
            assert!(self.told.contains(&path), "{path} changed, not {file}");
        }
    }
}

fn start(selections: BTreeMap<&'static str, Selection>) -> Watching<&'static str> {
    Watching::start(selections, PACE).unwrap()
}

#[tokio::test]
async fn a_file_that_is_written_has_changed_every_time() {
    let mut tree = Tree::with(&["app.js", "other.js"]).watching(&["app.js"], None);
    for _ in 0..2 {
        tree.write("other.js");
        tree.write("app.js");
        tree.sees("app.js").await;
    }
}

#[tokio::test]
async fn a_file_that_is_replaced_at_once_has_changed_every_time() {
    let mut tree = Tree::with(&["app.js"]).watching(&["app.js"], None);
    for _ in 0..3 {
        tree.write("app.js.new");
        tree.rename("app.js.new", "app.js");
        tree.sees("app.js").await;
    }
}

#[tokio::test]
async fn a_file_that_comes_and_goes_has_changed() {
    let mut tree = Tree::with(&["other.js"]).watching(&["app.js"], None);
    tree.write("app.js");
    tree.sees("app.js").await;
    fs::remove_file(tree.at("app.js")).unwrap();
    tree.sees("app.js").await;
    tree.write("app.js");
    tree.sees("app.js").await;
    tree.rename("app.js", "old.js");
    tree.sees("app.js").await;
    tree.rename("old.js", "app.js");
    tree.sees("app.js").await;
}

#[tokio::test]
async fn a_file_is_seen_whose_directories_come_later() {
    let mut tree = Tree::with(&["other.js"]).watching(&["a/b/c/app.js", "d/e"], None);
    tree.write("a/b/c/app.js");
    tree.sees("a/b/c/app.js").await;
    tree.write("a/b/c/app.js");
    tree.sees("a/b/c/app.js").await;
    tree.write("d/e/f/x.js");
    tree.sees("d/e/f/x.js").await;
    tree.write("d/e/f/x.js");
    tree.sees("d/e/f/x.js").await;
}

#[rstest]
#[case::the_project(".")]
#[case::a_directory("src/")]
#[tokio::test]
async fn directories_are_watched_with_all_that_is_in_them_and_comes_into_them(#[case] path: &str) {
    let mut tree = Tree::with(&["src/a.js", "src/deep/er/b.js"]).watching(&[path], None);
    for file in ["src/a.js", "src/deep/er/b.js", "src/new.js", "src/n/e/w/c.js", "src/n/e/w/c.js", "src/n/d.js"] {
        tree.write(file);
        tree.sees(file).await;
    }
    fs::remove_file(tree.at("src/deep/er/b.js")).unwrap();
    tree.sees("src/deep/er/b.js").await;
}

#[tokio::test]
async fn a_directory_that_is_moved_away_has_changed_and_its_successor_is_watched() {
    let mut tree = Tree::with(&["src/lib/a.js", "next/lib/a.js"]).watching(&["src"], None);
    tree.rename("src/lib", "lib");
    tree.sees("src/lib").await;
    tree.rename("next/lib", "src/lib");
    tree.sees("src/lib/a.js").await;
    tree.write("lib/a.js");
    tree.write("src/lib/b.js");
    tree.sees("src/lib/b.js").await;
}

#[tokio::test]
async fn what_is_on_the_way_to_a_file_may_be_replaced() {
    let mut tree = Tree::with(&["a/b/app.js", "next/b/app.js"]).watching(&["a/b/app.js", "marker"], None);
    tree.rename("a", "old");
    tree.rename("next", "a");
    tree.write("marker");
    tree.sees("marker").await;
    tree.write("old/b/app.js");
    tree.write("a/b/app.js");
    tree.sees("a/b/app.js").await;
}

#[tokio::test]
async fn a_directory_that_is_deleted_and_made_again_is_watched() {
    let mut tree = Tree::with(&["src/a.js"]).watching(&["src"], None);
    fs::remove_dir_all(tree.at("src")).unwrap();
    tree.sees("src/a.js").await;
    for _ in 0..2 {
        tree.write("src/b.js");
        tree.sees("src/b.js").await;
    }
}

#[tokio::test]
async fn what_tools_fill_is_not_looked_at() {
    let ignored = [".git/index", "node_modules/x/a.js", "a/target/b", ".venv/bin/c", ".slack/cache/manifests.json"];
    let mut tree = Tree::with(&ignored).watching(&["."], None);
    for file in ignored {
        tree.write(file);
    }
    fs::create_dir_all(tree.at("b/node_modules")).unwrap();
    tree.write("b/node_modules/x/d.js");
    tree.write(".slack/apps.dev.json");
    tree.write("app.js");
    tree.sees("app.js").await;
    tree.write("b/node_modules/x/d.js");
    tree.write(".slack/hooks.json");
    tree.sees(".slack/hooks.json").await;
}

#[tokio::test]
async fn what_is_configured_is_looked_at_wherever_it_is() {
    let mut tree = Tree::with(&["target/gen/a.js", "target/b.js", "node_modules/own/index.js", "node_modules/x.js"])
        .watching(&[".", "target/gen", "node_modules/own/index.js"], None);
    tree.write("target/b.js");
    tree.write("node_modules/x.js");
    tree.write("target/gen/a.js");
    tree.sees("target/gen/a.js").await;
    tree.write("node_modules/own/index.js");
    tree.sees("node_modules/own/index.js").await;
}

#[tokio::test]
async fn only_files_with_such_names_count() {
    let mut tree = Tree::with(&["a.json", "src/a.js"]).watching(&[".", "app.toml"], Some(r"\.(ts|js)$"));
    tree.write("a.json");
    tree.write("app.toml");
    tree.write("new/b.json");
    tree.write("src/a.js.swp");
    tree.write("src/a.js");
    tree.sees("src/a.js").await;
}

#[tokio::test]
async fn reading_changes_nothing() {
    let mut tree = Tree::with(&["src/a.js", "src/b.js"]).watching(&["."], None);
    fs::read(tree.at("src/a.js")).unwrap();
    fs::read_dir(tree.at("src")).unwrap().for_each(drop);
    tree.write("src/b.js");
    tree.sees("src/b.js").await;
}

#[tokio::test]
async fn a_link_to_a_directory_or_a_file_is_watched_where_it_leads() {
    use std::os::unix::fs::symlink;

    let elsewhere = Tree::with(&["lib/a.js", "app.js"]);
    let tree = Tree::with(&["b.js"]);
    symlink(elsewhere.at("lib"), tree.at("lib")).unwrap();
    symlink(elsewhere.at("app.js"), tree.at("app.js")).unwrap();
    symlink(tree.root(), tree.at("circle")).unwrap();
    let mut tree = tree.watching(&[".", "lib", "app.js"], None);
    for file in ["lib/a.js", "app.js"] {
        elsewhere.write(file);
        tree.sees(&elsewhere.at(file).display().to_string()).await;
    }
    tree.write("b.js");
    tree.sees("b.js").await;
}

#[tokio::test]
async fn changes_of_several_kinds_are_told_together() {
    let mut tree = Tree::with(&["manifest.json", "app.js", "c.js"]);
    let selections = BTreeMap::from([
        ("manifest", tree.selection(&["manifest.json"], None)),
        ("app", tree.selection(&["."], Some(r"\.js$"))),
    ]);
    tree.watching = Some(start(selections));
    for file in ["manifest.json", "app.js", "c.js"] {
        tree.write(file);
    }
    let expected = BTreeMap::from([("app", tree.at("app.js")), ("manifest", tree.at("manifest.json"))]);
    assert_eq!(tree.next().await, expected);
}

#[tokio::test]
async fn a_directory_that_cannot_be_read_keeps_nothing_else_from_being_watched() {
    use std::os::unix::fs::PermissionsExt as _;

    let tree = Tree::with(&["closed/a.js", "b.js"]);
    fs::set_permissions(tree.at("closed"), fs::Permissions::from_mode(0o0)).unwrap();
    let mut tree = tree.watching(&["."], None);
    tree.write("b.js");
    tree.sees("b.js").await;
    fs::set_permissions(tree.at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
}
