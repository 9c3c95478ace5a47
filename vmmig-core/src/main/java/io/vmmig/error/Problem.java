// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

/**
 * Everything that can go wrong in a migration, by name. The names are part of the wire protocol and of reports: new ones may be added, and
 * none is ever renamed.
 */
public enum Problem {
    /** The hypervisor knows no guest of that name or uuid. */
    GUEST_UNKNOWN(Family.HYPERVISOR),
    /** The guest exists but is shut off or crashed, so there is no memory to move. */
    GUEST_NOT_RUNNING(Family.HYPERVISOR),
    /**
     * The guest, or its name, uuid or directory at the destination, is in use by another migration, by an interrupted one that needs a
     * {@link io.vmmig.Recovery}, or by a long job or an unfinished call of the hypervisor.
     */
    GUEST_BUSY(Family.HYPERVISOR),
    /** Somebody else resumed the guest while it was paused for its migration. */
    GUEST_INTERFERED(Family.HYPERVISOR),
    /** The hypervisor could not be reached, or its connection broke. */
    HYPERVISOR_UNREACHABLE(Family.HYPERVISOR),
    /** The hypervisor refused or failed an operation; its own words are in the message. */
    HYPERVISOR_FAILED(Family.HYPERVISOR),
    /** The hypervisor did not answer within the deadline. */
    HYPERVISOR_TIMEOUT(Family.HYPERVISOR),

    /** The guest has a device whose state cannot move, such as a host device or user-mode networking. */
    DEVICE_CANNOT_MOVE(Family.INCOMPATIBLE),
    /** The destination lacks a base image that an overlay is based on. */
    BASE_IMAGE_MISSING(Family.INCOMPATIBLE),
    /** A base image at the destination no longer matches its digest. */
    BASE_IMAGE_DAMAGED(Family.INTEGRITY),
    /** The destination does not hold something that the package refers to, such as an earlier package. */
    REFERENCE_MISSING(Family.INCOMPATIBLE),
    /** The destination already has a guest of that name. */
    NAME_IN_USE(Family.INCOMPATIBLE),
    /** The destination already has a guest with that uuid. */
    UUID_IN_USE(Family.INCOMPATIBLE),
    /** A file that the destination would write for the guest already exists. */
    DISK_IN_USE(Family.INCOMPATIBLE),
    /** The destination has no emulator for the guest's architecture. */
    ARCHITECTURE_UNSUPPORTED(Family.INCOMPATIBLE),
    /** The destination's emulator does not know the guest's machine type. */
    MACHINE_UNSUPPORTED(Family.INCOMPATIBLE),
    /** The destination has less memory than the guest needs. */
    MEMORY_INSUFFICIENT(Family.INCOMPATIBLE),
    /** The Java heap of the program at this end is too small for a migration, or was exhausted by one. */
    HEAP_TOO_SMALL(Family.INCOMPATIBLE),
    /** The guest would lose something that cannot move, such as its list of snapshots, and the caller has not allowed that. */
    LOSS_NOT_ALLOWED(Family.INCOMPATIBLE),
    /** The host lacks something that a device of the guest needs: a bridge, a network, a filter, firmware, a CPU feature, a free port. */
    RESOURCE_MISSING(Family.INCOMPATIBLE),
    /** QEMU would refuse a requested change to the domain, such as another machine type or memory size. */
    DOMAIN_CHANGE_IMPOSSIBLE(Family.INCOMPATIBLE),
    /** The domain XML holds something that vmmig does not know how to move. */
    DOMAIN_UNSUPPORTED(Family.INCOMPATIBLE),
    /** A disk is of a kind that cannot move, such as a network disk or an encrypted qcow2. */
    DISK_UNSUPPORTED(Family.INCOMPATIBLE),
    /** Other guests share a disk that this guest can write to; they would not see what it writes at the destination. */
    DISK_SHARED(Family.INCOMPATIBLE),
    /** The request does not apply to this transport or guest, or an address, name, key, digest or path is malformed. */
    REQUEST_INVALID(Family.INCOMPATIBLE),

    /** There is not enough free space for what has to be written. */
    DISK_FULL(Family.TRANSPORT),
    /** A local file could not be read or written. */
    FILE_FAILED(Family.TRANSPORT),
    /** The journal of a migration can no longer be read. */
    JOURNAL_DAMAGED(Family.TRANSPORT),
    /** Nobody listens at the address. */
    PEER_UNREACHABLE(Family.TRANSPORT),
    /** The peer's key is not the expected one, or the peer does not know ours. */
    PEER_UNTRUSTED(Family.TRANSPORT),
    /** The peer speaks another version of the protocol, or another protocol. */
    PROTOCOL_MISMATCH(Family.TRANSPORT),
    /** The peer sent something that the protocol does not allow at this point. */
    PROTOCOL_VIOLATION(Family.TRANSPORT),
    /** The connection broke. */
    CONNECTION_LOST(Family.TRANSPORT),
    /** The peer neither sent nor read anything within the deadline. */
    PEER_STALLED(Family.TRANSPORT),
    /** The peer aborted and did not say why. */
    PEER_FAILED(Family.TRANSPORT),
    /** The commit was sent and its answer was lost: the guest may run at the destination, and must not be resumed here. */
    OUTCOME_UNKNOWN(Family.TRANSPORT),

    /** The package ends before its end marker. */
    PACKAGE_TRUNCATED(Family.PACKAGE_FORMAT),
    /** The package is of a newer format than this vmmig reads. */
    PACKAGE_TOO_NEW(Family.PACKAGE_FORMAT),
    /** The bytes are not a vmmig package, or break its rules. */
    PACKAGE_MALFORMED(Family.PACKAGE_FORMAT),
    /** The package exceeds a limit of the destination. */
    PACKAGE_LIMIT_EXCEEDED(Family.PACKAGE_FORMAT),
    /** A qcow2 image, save image or other embedded format breaks its rules. */
    IMAGE_MALFORMED(Family.PACKAGE_FORMAT),

    /** Content does not have the digest that it should have. */
    DIGEST_MISMATCH(Family.INTEGRITY),

    /** Sealed data is not in the age format, or breaks its rules. */
    SEAL_MALFORMED(Family.PACKAGE_FORMAT),
    /** Sealed data is truncated. */
    SEAL_TRUNCATED(Family.PACKAGE_FORMAT),
    /** Sealed data was changed, reordered, extended or cut off. */
    SEAL_BROKEN(Family.INTEGRITY),
    /** The data was not sealed for any of the available keys. */
    SEAL_NOT_FOR_US(Family.INTEGRITY),

    /** A node card is malformed, damaged, or not signed by the keys that it names. */
    NODE_CARD_INVALID(Family.INTEGRITY),
    /** No trusted node has that name or fingerprint, or vouches for that card. */
    NODE_UNKNOWN(Family.INTEGRITY),

    /** There is no signature where one is required. */
    SIGNATURE_MISSING(Family.INTEGRITY),
    /** A signature was not made by the key that it names, or not over the content that it should sign. */
    SIGNATURE_INVALID(Family.INTEGRITY),
    /** The last signer of the package is not accepted. */
    SIGNER_UNKNOWN(Family.INTEGRITY),
    /** The host that the guest came from first is not accepted. */
    ORIGIN_UNKNOWN(Family.INTEGRITY),
    /** A host that the guest passed through is not accepted. */
    HANDLER_UNKNOWN(Family.INTEGRITY),
    /** A link is missing from the chain of hosts that handled the guest. */
    PROVENANCE_LINK_MISSING(Family.INTEGRITY),
    /** The chain of hosts that handled the guest is out of order. */
    PROVENANCE_OUT_OF_ORDER(Family.INTEGRITY),
    /** The signature is of another package, or of other contents. */
    SIGNED_ANOTHER_PACKAGE(Family.INTEGRITY),
    /** The package was signed for other destinations. */
    SIGNED_FOR_OTHERS(Family.INTEGRITY),
    /** The package is older than the destination accepts, or its date is in the future. */
    PACKAGE_OUTDATED(Family.INTEGRITY),
    /** The package was restored before. */
    PACKAGE_REPLAYED(Family.INTEGRITY),

    /** The migration was cancelled at this end. */
    CANCELLED(Family.CANCELLED),
    /** The migration was cancelled at the other end. */
    PEER_CANCELLED(Family.CANCELLED),
    /** The migration, or the guest's downtime, has taken longer than this end allows. */
    DEADLINE_EXCEEDED(Family.CANCELLED),
    /** The migration, or the guest's downtime, has taken longer than the other end allows. */
    PEER_DEADLINE_EXCEEDED(Family.CANCELLED);

    /** The branch of {@link VmmigException} that a problem is thrown as. */
    public enum Family {
        /** Thrown as {@link HypervisorException}. */
        HYPERVISOR,
        /** Thrown as {@link IncompatibleException}. */
        INCOMPATIBLE,
        /** Thrown as {@link TransportException}. */
        TRANSPORT,
        /** Thrown as {@link PackageFormatException}. */
        PACKAGE_FORMAT,
        /** Thrown as {@link IntegrityException}. */
        INTEGRITY,
        /** Thrown as {@link CancelledException}. */
        CANCELLED
    }

    private final Family family;

    Problem(Family family) {
        this.family = family;
    }

    /** The branch of {@link VmmigException} that this problem is thrown as. */
    public Family family() {
        return family;
    }
}
