//! A cluster that stays.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
};

use cluster::Cluster;

use crate::support::{
    Owner, am_root, is_alive, open_directory, process_group, server_process, setting, signal,
    wait_until, write_down, written_down,
};

#[tokio::test]
async fn a_second_start_finds_the_data_again() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");

    let cluster = Cluster::durable(&wanted).await.unwrap();
    write_down(&cluster, "kept").await;
    cluster.stop().await.unwrap();
    let again = Cluster::durable(&wanted).await.unwrap();

    assert_eq!(written_down(&again).await, ["kept"]);
    assert!(again.moved().is_none());
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_durable_cluster_is_durable_and_only_on_its_socket() {
    let parent = open_directory();
    let cluster = Cluster::durable(&parent.path().join("postgres")).await.unwrap();

    assert_eq!(setting(&cluster, "fsync").await, "on");
    assert_eq!(setting(&cluster, "full_page_writes").await, "on");
    assert_eq!(setting(&cluster, "synchronous_commit").await, "on");
    assert_eq!(setting(&cluster, "listen_addresses").await, "");
    let options = cluster.options();
    let sockets = fs::metadata(options.get_socket().unwrap()).unwrap();
    assert_eq!(sockets.mode() & 0o777, 0o700);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn stopping_leaves_no_process() {
    let parent = open_directory();
    let cluster = Cluster::durable(&parent.path().join("postgres")).await.unwrap();
    let server = server_process(cluster.directory());
    assert!(is_alive(server));

    cluster.stop().await.unwrap();

    assert!(!is_alive(server));
}

#[tokio::test]
async fn ctrl_c_in_a_terminal_does_not_reach_the_server() {
    let parent = open_directory();
    let cluster = Cluster::durable(&parent.path().join("postgres")).await.unwrap();
    let server = server_process(cluster.directory());

    assert_eq!(process_group(server), server);
    assert_ne!(process_group(std::process::id()), server);

    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_cluster_can_be_started_at_once() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let cluster = Cluster::durable(&wanted).await.unwrap();
    write_down(&cluster, "kept").await;

    drop(cluster);
    let again = Cluster::durable(&wanted).await.unwrap();

    assert_eq!(written_down(&again).await, ["kept"]);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_of_a_killed_process_is_taken_over() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let mut owner = Owner::start("own_a_durable_cluster", &wanted);
    let server = server_process(&wanted);

    owner.kill();
    assert!(is_alive(server));
    let cluster = Cluster::durable(&wanted).await.unwrap();

    assert_eq!(server_process(&wanted), server);
    assert_eq!(written_down(&cluster).await, ["by the owner"]);
    cluster.stop().await.unwrap();
    wait_until(|| !is_alive(server));
}

#[tokio::test]
async fn a_cluster_recovers_when_its_server_is_killed_too() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let mut owner = Owner::start("own_a_durable_cluster", &wanted);
    let server = server_process(&wanted);

    owner.kill();
    signal("-KILL", server);
    let cluster = Cluster::durable(&wanted).await.unwrap();

    assert_ne!(server_process(&wanted), server);
    assert_eq!(written_down(&cluster).await, ["by the owner"]);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_number_that_now_belongs_to_another_process_is_no_server() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let cluster = Cluster::durable(&wanted).await.unwrap();
    let directory = cluster.directory().to_owned();
    let pid_file = directory.join("data/postmaster.pid");
    let left = fs::read_to_string(&pid_file).unwrap();
    let lines = left.split_once('\n').unwrap().1.to_owned();
    cluster.stop().await.unwrap();
    fs::write(&pid_file, format!("{}\n{lines}", std::process::id())).unwrap();

    let cluster = Cluster::durable(&wanted).await.unwrap();

    assert_ne!(server_process(&directory), std::process::id());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_directory_has_one_owner() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let cluster = Cluster::durable(&wanted).await.unwrap();

    let refused = Cluster::durable(&wanted).await.unwrap_err();

    let directory = cluster.directory().display();
    assert_eq!(refused.to_string(), format!("{directory} is in use by another process"));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_half_made_cluster_is_not_taken_for_one() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let half = wanted.join("data.new-killed");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "15\n").unwrap();
    fs::set_permissions(&wanted, Permissions::from_mode(0o755)).unwrap();

    let cluster = Cluster::durable(&wanted).await.unwrap();

    write_down(&cluster, "works").await;
    assert!(!half.exists());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works() {
    let parent = open_directory();
    let wanted = parent.path().join("long".repeat(30));

    let cluster = Cluster::durable(&wanted).await.unwrap();

    let sockets = cluster.options().get_socket().unwrap().clone();
    assert_eq!(fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700);
    assert_eq!(cluster.directory(), wanted.canonicalize().unwrap());
    cluster.stop().await.unwrap();
    fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn a_directory_that_postgres_cannot_reach_is_replaced_for_good() {
    if !am_root() {
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o700)).unwrap();
    let wanted = parent.path().join("postgres");

    let cluster = Cluster::durable(&wanted).await.unwrap();
    write_down(&cluster, "kept").await;
    let moved = cluster.moved().unwrap().to_string();
    let directory = cluster.directory().to_owned();
    cluster.stop().await.unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
    let again = Cluster::durable(&wanted).await.unwrap();

    assert!(moved.contains(directory.to_str().unwrap()), "{moved}");
    assert!(moved.contains(wanted.to_str().unwrap()), "{moved}");
    assert!(!wanted.exists());
    assert_eq!(again.directory(), directory);
    assert_eq!(written_down(&again).await, ["kept"]);
    again.stop().await.unwrap();
    fs::remove_dir_all(&directory).unwrap();
    // Others may have clusters there.
    let _ = fs::remove_dir(directory.parent().unwrap());
}

#[tokio::test]
async fn data_that_became_unreachable_is_an_error_and_not_an_empty_cluster() {
    if !am_root() {
        return;
    }
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    Cluster::durable(&wanted).await.unwrap().stop().await.unwrap();
    fs::set_permissions(parent.path(), Permissions::from_mode(0o700)).unwrap();

    let refused = Cluster::durable(&wanted).await.unwrap_err();

    assert!(refused.to_string().contains("can no longer reach it"), "{refused}");
}

#[tokio::test]
async fn a_server_that_does_not_start_says_why() {
    let parent = open_directory();
    let wanted = parent.path().join("postgres");
    let cluster = Cluster::durable(&wanted).await.unwrap();
    let directory = cluster.directory().to_owned();
    cluster.stop().await.unwrap();
    fs::write(directory.join("data/postgresql.conf"), "no_such_setting = 1\n").unwrap();

    let failed = Cluster::durable(&wanted).await.unwrap_err();

    assert!(failed.to_string().contains("no_such_setting"), "{failed}");
}
