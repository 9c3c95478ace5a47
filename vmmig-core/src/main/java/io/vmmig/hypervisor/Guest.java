// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** A guest on a hypervisor (libvirt calls it a domain). Thread-safe; a handle, which does not keep the guest alive. */
public interface Guest {
    /** The name, unique on its host. */
    String name();

    /** The uuid, unique on its host. */
    UUID uuid();

    /** The guest's current state. */
    GuestState state() throws VmmigException;

    /** Whether the host keeps the guest's definition when it is not running. */
    boolean persistent() throws VmmigException;

    /**
     * What this host stores of the guest besides its running XML. A hypervisor that stores nothing need not override this.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_UNKNOWN} when the guest is gone
     */
    default GuestInventory inventory() throws VmmigException {
        return new GuestInventory(persistent() ? domainXml() : null, false, List.of());
    }

    /**
     * Sets whether the host starts the guest when the host boots.
     *
     * @throws VmmigException when the host cannot do that, or keeps no definition of the guest
     */
    default void setAutostart(boolean on) throws VmmigException {
        throw VmmigException.of(
                Problem.HYPERVISOR_FAILED, "this hypervisor starts no guest by itself", "Start the guest by hand.");
    }

    /**
     * Asks the agent in a guest that was resumed to set the guest's clock to this host's time if it is behind. A hypervisor without such an
     * agent need not override this.
     *
     * @return whether the clock is now right; false when there is no agent
     * @throws VmmigException when the agent cannot set the clock
     */
    default boolean catchUpClock() throws VmmigException {
        return false;
    }

    /** The live domain XML, with secrets, in the form that another host can use. */
    String domainXml() throws VmmigException;

    /**
     * The live domain XML in the form for this host only, which shows what the guest actually reads: the chain of images below each disk,
     * and block jobs. Empty when this hypervisor does not show it; then vmmig relies on the headers of images.
     */
    default Optional<String> liveXml() throws VmmigException {
        return Optional.empty();
    }

    /**
     * The future {@link SavedGuest#cookie()}, if it is known while the guest runs; otherwise empty. With it a destination can start its
     * hypervisor before the guest is paused.
     */
    default Optional<String> cookie() throws VmmigException {
        return Optional.empty();
    }

    /**
     * The guest's memory, for reading; empty when this hypervisor does not give access to it.
     *
     * @param ram where the guest has RAM; callers read nothing else
     * @return the caller closes it
     */
    default Optional<GuestMemory> memory(List<RamRegion> ram) {
        return Optional.empty();
    }

    /** The guest's balloon; empty when this hypervisor has none. Only a request shows whether a driver in the guest answers. */
    default Optional<Balloon> balloon() {
        return Optional.empty();
    }

    /**
     * Begins to watch what other tools do to the guest. Only what the hypervisor reports is seen: a request that it has accepted and
     * not yet carried out may show nowhere.
     *
     * @return the caller closes it
     */
    default GuestWatch watch() throws VmmigException {
        return GuestWatch.BLIND;
    }

    /**
     * Suspends the guest and begins to save its memory and device state as a stream. From here on the guest is paused, its disks are
     * flushed to the host's files, and the caller decides whether it continues here: {@link SavedGuest#resume()} or {@link
     * SavedGuest#retire()}.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} or {@link
     *     io.vmmig.error.Problem#GUEST_BUSY}; the guest is then as it was
     */
    SavedGuest save() throws VmmigException;

    /**
     * Why {@link #saveLive} would not work, as a clause; empty if nothing is known to stand in its way. A hypervisor that cannot save a
     * running guest need not override this.
     */
    default Optional<String> obstacleToLiveSave() throws VmmigException {
        return Optional.of("this hypervisor cannot save a guest while it runs");
    }

    /**
     * Begins to save the guest while it runs. The stream repeats what the guest changes, until the rest can be read within {@code downtime}
     * at the rate of its reader, or until {@link SavedGuest#pause()} is called. Then the guest is paused, the stream ends with what is left,
     * and all is as after {@link #save()}.
     *
     * @throws io.vmmig.error.HypervisorException as {@link #save()} does; the guest is then as it was
     */
    default SavedGuest saveLive(Duration downtime) throws VmmigException {
        throw new UnsupportedOperationException(obstacleToLiveSave().orElse(""));
    }

    /**
     * Why {@link #addOverlays} would not work, as a clause; empty if nothing is known to stand in its way. A hypervisor that cannot put
     * overlays on the disks of a running guest need not override this.
     */
    default Optional<String> obstacleToOverlays() throws VmmigException {
        return Optional.of("this hypervisor cannot put overlays on the disks of a guest while it runs");
    }

    /**
     * Puts an overlay on each of these disks, on all at the same moment, or on none. From then on the guest, running or paused, writes to the
     * overlays only, and what were the active images do not change. Does nothing for a disk whose active image is that overlay. If this fails
     * the overlays may be in use nevertheless, or later, so only {@link #mergeOverlays} and the guest's end free their files.
     *
     * @param overlays by the disk's target, an empty qcow2 image of the disk's size on the disk's active image; absolute
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} or {@link
     *     io.vmmig.error.Problem#GUEST_BUSY} among others
     */
    default void addOverlays(Map<String, Path> overlays) throws VmmigException {
        throw new UnsupportedOperationException(obstacleToOverlays().orElse(""));
    }

    /**
     * Commits overlays into the images below them, and deletes their files. The guest's disks are then as they were before {@link
     * #addOverlays}, in its definition too. The guest runs or is paused meanwhile; one that is paused because it was saved has to be resumed
     * first. A disk whose chain does not contain its overlay is left as it is, so this can be repeated after a failure or a crash at any point.
     * Overlays that are not merged when this fails stay in use.
     *
     * @param overlays by the disk's target
     * @param atMost how long to wait
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#HYPERVISOR_TIMEOUT} after that time; {@link
     *     io.vmmig.error.Problem#GUEST_NOT_RUNNING} or {@link io.vmmig.error.Problem#GUEST_UNKNOWN} if the guest has ended and a file of an
     *     overlay is there, which may hold what it has written; {@link io.vmmig.error.Problem#GUEST_BUSY} if another tool has changed the
     *     chain, or works on it
     * @throws io.vmmig.error.CancelledException if the thread is interrupted
     */
    default void mergeOverlays(Map<String, Path> overlays, Duration atMost) throws VmmigException {
        throw new UnsupportedOperationException(obstacleToOverlays().orElse(""));
    }

    /**
     * Whether the guest, which an earlier save left paused, has certainly run since its state was saved completely; false when the
     * hypervisor cannot tell.
     */
    default boolean ranSinceSaved() throws VmmigException {
        return false;
    }

    /**
     * Resumes a guest that an earlier save left paused, once it is known that it belongs here; does nothing if it runs.
     *
     * @throws io.vmmig.error.HypervisorException with {@link io.vmmig.error.Problem#GUEST_NOT_RUNNING} when it has been stopped meanwhile
     */
    void resume() throws VmmigException;

    /**
     * Ends and undefines the guest, once it is known that it runs elsewhere. Its disk files stay. Does nothing when the guest no longer
     * exists.
     */
    void remove() throws VmmigException;
}
