// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A guest on a hypervisor (libvirt calls it a domain). Thread-safe; a handle, which does not keep the guest alive. */
public interface Guest {
    /** The name, unique on its host. */
    String name();

    /** The uuid, unique on its host. */
    UUID uuid();

    /** What the guest is doing now. */
    GuestState state() throws VmmigException;

    /** Whether the host keeps the guest's definition when it is not running. */
    boolean persistent() throws VmmigException;

    /**
     * What this host keeps of the guest besides its running XML. A hypervisor that keeps nothing need not override this.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_UNKNOWN} when the guest is gone
     */
    default GuestInventory inventory() throws VmmigException {
        return new GuestInventory(persistent() ? domainXml() : null, false, List.of());
    }

    /**
     * Has the host start the guest when the host boots, or not.
     *
     * @throws VmmigException when the host cannot do that, or keeps no definition of the guest
     */
    default void setAutostart(boolean on) throws VmmigException {
        throw VmmigException.of(
                Problem.HYPERVISOR_FAILED, "this hypervisor starts no guest by itself", "Start the guest by hand.");
    }

    /**
     * Has an agent in the guest, which runs again after a pause, set its clock to this host's time if it is behind. A hypervisor that
     * knows no such agent need not override this.
     *
     * @return whether the clock is right now; false when there is no agent
     * @throws VmmigException when there is one and it cannot do that
     */
    default boolean catchUpClock() throws VmmigException {
        return false;
    }

    /** The live domain XML, complete with secrets and in the form that can be given to another host. */
    String domainXml() throws VmmigException;

    /**
     * The live domain XML in the form for this host alone, which shows what the guest really reads: the chain of images below each
     * disk, and block jobs. Empty when this hypervisor does not show it; then the headers of images have to be believed.
     */
    default Optional<String> liveXml() throws VmmigException {
        return Optional.empty();
    }

    /**
     * What {@link SavedGuest#cookie()} is going to be, as far as that shows while the guest runs; empty when it does not. With it
     * a destination can start its hypervisor before the guest stands still.
     */
    default Optional<String> cookie() throws VmmigException {
        return Optional.empty();
    }

    /**
     * The guest's memory, for reading; empty when this hypervisor cannot show it.
     *
     * @param ram where the guest has RAM; nothing else is read
     * @return to be closed by the caller
     */
    default Optional<GuestMemory> memory(List<RamRegion> ram) {
        return Optional.empty();
    }

    /** The guest's balloon; empty when this hypervisor has none. Whether a driver answers to it shows only when it is asked. */
    default Optional<Balloon> balloon() {
        return Optional.empty();
    }

    /**
     * Begins to watch what other tools do to the guest. Only what the hypervisor reports is seen: a request that it has accepted and
     * not yet carried out may show nowhere.
     *
     * @return to be closed by the caller
     */
    default GuestWatch watch() throws VmmigException {
        return GuestWatch.BLIND;
    }

    /**
     * Suspends the guest and begins to save its memory and device state as a stream. From here on the guest stands still,
     * its disks are settled on the host's files, and the caller owns the decision whether it goes on here or not:
     * {@link SavedGuest#resume()} or {@link SavedGuest#retire()}.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} or
     *     {@link io.vmmig.error.Problem#GUEST_BUSY}; the guest is then as it was
     */
    SavedGuest save() throws VmmigException;

    /**
     * Whether the guest, which an earlier save left paused, shows that it has run since its state was saved to the end; what a
     * hypervisor cannot tell it does not claim.
     */
    default boolean ranSinceSaved() throws VmmigException {
        return false;
    }

    /**
     * Lets a guest go on that an earlier save left paused, once it is known that it is to live here; does nothing to one that
     * runs.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} when it has been stopped meanwhile
     */
    void resume() throws VmmigException;

    /**
     * Ends the guest, definition and all, once it is known that it lives elsewhere. Its disk files stay. Does nothing when it
     * is gone already.
     */
    void remove() throws VmmigException;
}
