// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What vmmig needs of a hypervisor on this machine: to find a guest, to save it as a stream, and to restore one from a stream.
 * Implementations are thread-safe, and each call has a deadline, after which it fails with {@link
 * io.vmmig.error.Problem#HYPERVISOR_TIMEOUT}.
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
     * Every path on this host that a guest names, whether it runs or is only defined, in its live XML, in its definition, and in what else
     * this host stores of it: disks with their backing files, kernels, firmware, sockets, logs. Callers remove files that are not in this
     * list, so a path too many is better than one too few, and a guest that cannot be inspected must cause an exception.
     *
     * @param except the guest whose paths are left out
     * @throws VmmigException when any of the other guests cannot be inspected
     */
    List<FileInUse> filesInUse(UUID except) throws VmmigException;

    /**
     * A directory that all programs which use this hypervisor share, for locks and claims; empty when there is none, so that only programs
     * with the same state directory are coordinated.
     */
    default Optional<Path> sharedDirectory() throws VmmigException {
        return Optional.empty();
    }

    /**
     * Checks a request as far as that is possible without starting anything. The message names what this host lacks.
     *
     * @throws VmmigException with {@link io.vmmig.error.Problem#RESOURCE_MISSING} when something is missing
     */
    default void requireRestorable(RestoreRequest request) throws VmmigException {}

    /**
     * Starts to restore a guest, paused, from a stream that the caller then writes. Problems with the request are thrown here or from
     * {@link RestoringGuest#finish()}; until that returns, nothing of the guest is permanent.
     */
    RestoringGuest restore(RestoreRequest request) throws VmmigException;

    /**
     * Whether a restore that was begun for one request can serve the other: they do not differ in anything that matters to this hypervisor.
     */
    default boolean restoresAlike(RestoreRequest one, RestoreRequest other) {
        return one.equals(other);
    }

    /** Disconnects from the hypervisor. This does not affect its guests. */
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
     * @param path the absolute path; the file need not exist
     */
    record FileInUse(String guest, Path path) {}
}
