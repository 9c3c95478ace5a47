// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What vmmig needs of a hypervisor on this machine: to find a guest, to save it as a stream, and to restore one from a
 * stream. Implementations are thread-safe, and none of their calls waits for ever: each has a deadline after which it
 * fails with {@link io.vmmig.error.Problem#HYPERVISOR_TIMEOUT}.
 */
public interface Hypervisor extends AutoCloseable {
    /** What this host offers to guests; read afresh at each call. */
    HostCapabilities capabilities() throws VmmigException;

    /**
     * The guest of that name.
     *
     * @throws HypervisorException with {@link io.vmmig.error.Problem#GUEST_UNKNOWN} when there is none
     */
    Guest guest(String name) throws VmmigException;

    /** Every guest that this host knows, running or not. */
    List<GuestId> guests() throws VmmigException;

    /** Where the holes of files on this machine are; {@link FileHoles#NONE} when nobody can tell. */
    default FileHoles fileHoles() {
        return FileHoles.NONE;
    }

    /**
     * Every path on this host that a guest names, running or only defined, in its live XML, in its definition, and in what this host
     * keeps besides of it: disks with what they stand on, kernels, firmware, sockets, logs. Whoever removes a file must know that
     * nobody needs it: so too much is better than too little, and what cannot be looked at is no reason to say nothing.
     *
     * @param except the guest whose paths are left out
     * @throws VmmigException when any of the others could not be looked at
     */
    List<FileInUse> filesInUse(UUID except) throws VmmigException;

    /**
     * A directory of this machine that all programs find which use this hypervisor, for what they have to agree on; empty when there
     * is none, so that only those programs can agree which remember things in the same place.
     */
    default Optional<Path> sharedDirectory() throws VmmigException {
        return Optional.empty();
    }

    /**
     * Checks what can be checked of a request without starting anything: what this host lacks is refused by name.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#RESOURCE_MISSING} when something is missing
     */
    default void requireRestorable(RestoreRequest request) throws VmmigException {}

    /**
     * Starts to restore a guest, paused, from a stream that the caller then writes. Anything that is wrong with the
     * request is thrown here or from {@link RestoringGuest#finish()}; until that returns, nothing of the guest is
     * permanent.
     */
    RestoringGuest restore(RestoreRequest request) throws VmmigException;

    /**
     * Whether a restore that was begun for one request serves the other as well: they differ in nothing that matters to this
     * hypervisor.
     */
    default boolean restoresAlike(RestoreRequest one, RestoreRequest other) {
        return one.equals(other);
    }

    /** Lets go of the hypervisor. Guests go on as they are. */
    @Override
    void close();

    /**
     * A guest's two names.
     *
     * @param name the name, unique on its host
     * @param uuid the uuid, unique on its host
     */
    record GuestId(String name, UUID uuid) {}

    /**
     * A path that a guest names.
     *
     * @param guest the guest's name
     * @param path the path, absolute; there may be nothing of that name
     */
    record FileInUse(String guest, Path path) {}
}
