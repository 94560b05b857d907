//! Who is at the other end of a socket.

use std::os::fd::AsFd;

/// Why the other end is not trusted.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The system did not say who it is.
    #[error("the peer's user is not known")]
    Unknown(#[source] std::io::Error),
    /// Another user.
    #[error("the peer is user {peer}, not user {user}")]
    Foreign {
        /// The peer's effective user id.
        peer: u32,
        /// Ours.
        user: u32,
    },
}

/// Refuses a peer that is not the same user. For both ends, on any connected Unix socket.
///
/// The client checks too: whoever holds a socket with our name would otherwise read every tool call and could
/// answer "allow".
pub fn verify_peer(socket: &impl AsFd) -> Result<(), PeerError> {
    let peer = peer_uid(socket).map_err(PeerError::Unknown)?;
    same_user(peer, nix::unistd::geteuid().as_raw())
}

/// Root is no exception: root's daemon is not this user's.
fn same_user(peer: u32, user: u32) -> Result<(), PeerError> {
    if peer == user { Ok(()) } else { Err(PeerError::Foreign { peer, user }) }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer_uid(socket: &impl AsFd) -> std::io::Result<u32> {
    let peer = nix::sys::socket::getsockopt(socket, nix::sys::socket::sockopt::PeerCredentials)?;
    Ok(peer.uid())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer_uid(socket: &impl AsFd) -> std::io::Result<u32> {
    let (user, _group) = nix::unistd::getpeereid(socket)?;
    Ok(user.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_peer_of_the_same_user_is_accepted() {
        let (a, b) = UnixStream::pair().unwrap();
        assert!(verify_peer(&a).is_ok());
        assert!(verify_peer(&b).is_ok());
    }

    #[test]
    fn another_user_is_refused_and_root_too() {
        assert!(same_user(1001, 1000).is_err());
        assert!(same_user(0, 1000).is_err());
        assert!(same_user(1000, 0).is_err());
    }

    #[test]
    fn what_is_not_a_socket_has_no_peer() {
        let file = tempfile::tempfile().unwrap();
        assert!(matches!(verify_peer(&file), Err(PeerError::Unknown(_))));
    }
}
