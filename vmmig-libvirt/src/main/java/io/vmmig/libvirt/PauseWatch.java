// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.Interference.Kind;
import io.vmmig.libvirt.binding.DomainEvent;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.DomainStatus;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.posix.ImageLock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Detects whether a guest has been paused without interruption. No single sign is sufficient, so it uses four:
 *
 * <ul>
 * <li>libvirt's events. QEMU tells each of its monitors when the guest is resumed, by any tool, and libvirt passes that on.
 * Events are lost when the connection to libvirt breaks.
 * <li>The guest's state and libvirt's reason for it: a guest that was resumed and stopped behind libvirt's back has another
 * reason.
 * <li>{@link VcpuTime}, where events were lost: the guest cannot run without using it. Only available if QEMU's process is
 * visible.
 * <li>The locks of its images: QEMU releases them after a save, and takes them again only when it resumes the guest.
 * </ul>
 */
final class PauseWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PauseWatch.class);

    private static final Duration REPORT = Duration.ofSeconds(2);

    private final GuestCalls calls;
    private final GuestEvents events;
    private int before;
    private @Nullable DomainStatus paused;
    private @Nullable VcpuTime time;
    private Duration usedBefore = Duration.ZERO;
    /** Whether nothing had happened when the images were released, so that their locks show everything later. */
    private boolean locksTell;
    /** Whether libvirt's reason for the pause may still change, because its job that paused the guest still runs. */
    private boolean unsettled;

    /** Starts to watch, while the guest runs or just before it is suspended. */
    PauseWatch(GuestCalls calls) throws VmmigException {
        this.calls = calls;
        this.events = GuestEvents.begin(calls, false);
    }

    /** When the guest was first suspended, by anyone, since this was created; empty if it has not been. Asks nobody. */
    Optional<Instant> suspended() {
        return events.after(0).stream()
                .filter(event -> event.kind() == DomainEvent.Kind.SUSPENDED)
                .map(DomainEvent::at)
                .findFirst();
    }

    /** As {@link #paused()}, for a guest that ran when this was created, and that libvirt's running job paused. */
    void pausedByJob() throws VmmigException {
        paused();
        long running = events.after(0).stream()
                .takeWhile(event -> event.kind() != DomainEvent.Kind.SUSPENDED)
                .count();
        // The event may have been lost.
        before = (int) Math.min(running + 1, before);
        unsettled = true;
    }

    /** Called when the guest is paused. */
    void paused() throws VmmigException {
        time = VcpuTime.of(calls.uuid()).orElse(null);
        Optional<Duration> used = time == null ? Optional.empty() : time.used();
        usedBefore = used.orElse(Duration.ZERO);
        if (used.isEmpty()) {
            time = null;
        }
        paused = events.status();
        before = events.count();
    }

    /**
     * What someone else has done to the guest since then.
     *
     * @param released images whose locks QEMU has released; empty if it has not yet
     */
    synchronized Optional<Interference> look(List<Path> released) throws VmmigException {
        DomainStatus now;
        try {
            now = events.status();
        } catch (VmmigException e) {
            if (events.unbroken()) {
                throw e;
            }
            // Over another connection, which does not report what was missed.
            now = statusNow();
        }
        GuestState state = stateOf(now.state());
        for (DomainEvent event : events.after(before)) {
            Kind kind = kindOf(event);
            if (kind == Kind.RAN || (kind == Kind.ENDED && state == GuestState.STOPPED)) {
                return Optional.of(new Interference(kind, "libvirt reported that " + event.words(), event.at(), state));
            }
        }
        if (state != GuestState.PAUSED) {
            return Optional.of(new Interference(
                    state == GuestState.RUNNING ? Kind.RAN : Kind.ENDED,
                    "libvirt says that it is " + now.state(),
                    Instant.now(),
                    state));
        }
        Optional<Interference> unreported = unreported(now, state, released);
        if (unreported.isEmpty()) {
            // What is known to be unchanged need not be checked again.
            total().ifPresent(total -> usedBefore = total);
            locksTell = !released.isEmpty();
        }
        return unreported;
    }

    /**
     * Whether nobody ended the guest, but its QEMU died. If its state was saved completely, handing it over loses nothing, while
     * keeping it would.
     */
    boolean diedByItself() throws VmmigException {
        if (stateOf(statusNow().state()) != GuestState.STOPPED
                || events.after(before).stream().anyMatch(event -> kindOf(event) == Kind.RAN)) {
            return false;
        }
        try {
            // libvirt shows it as stopped a moment before it reports why.
            return events.await(DomainEvent.Kind.STOPPED, before, REPORT)
                    .filter(DomainEvent::tellsOfADeadQemu)
                    .isPresent();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private DomainStatus statusNow() throws VmmigException {
        try {
            return calls.call("look at", DomainView::status);
        } catch (VmmigException e) {
            if (e.problem() == Problem.GUEST_UNKNOWN) {
                return GuestEvents.GONE;
            }
            throw e;
        }
    }

    /** Changes that no event has reported. */
    private Optional<Interference> unreported(DomainStatus now, GuestState state, List<Path> released) {
        if (unsettled) {
            paused = now;
            unsettled = released.isEmpty();
        } else if (!now.equals(paused)) {
            return ran("it is paused for another reason than it was (libvirt's number " + now.reason() + ")", state);
        }
        for (Path image : released) {
            if (isInUse(image)) {
                return ran("QEMU, or another program, may write to its disk " + image + " again", state);
            }
        }
        if (events.unbroken() || locksTell) {
            return Optional.empty();
        }
        Optional<Duration> total = total();
        if (time == null || total.isEmpty()) {
            return Optional.of(new Interference(
                    Kind.UNOBSERVED,
                    "the connection to libvirt broke, and its processors cannot be seen from here",
                    Instant.now(),
                    state));
        }
        Duration used = total.get().minus(usedBefore);
        return used.compareTo(time.noise()) > 0
                ? ran("its processors have run for " + used.toNanos() / 1000 + " µs", state)
                : Optional.empty();
    }

    private static Optional<Interference> ran(String what, GuestState state) {
        return Optional.of(new Interference(Kind.RAN, what, Instant.now(), state));
    }

    private Optional<Duration> total() {
        return time == null ? Optional.empty() : time.used();
    }

    /** Whether a program may write to the image; false if unknown. */
    static boolean isInUse(Path image) {
        try {
            return ImageLock.isWriter(image);
        } catch (IOException e) {
            LOG.debug("{} does not show whether it is in use", image, e);
            return false;
        }
    }

    /** Whether a user resumed the guest and suspended it again. */
    boolean suspendedByUser() throws VmmigException {
        boolean resumed = events.after(before).stream().anyMatch(event -> kindOf(event) == Kind.RAN);
        DomainStatus now = events.status();
        return resumed && now.state() == DomainState.PAUSED && now.reason() == DomainStatus.PAUSED_BY_USER;
    }

    private static @Nullable Kind kindOf(DomainEvent event) {
        return switch (event.kind()) {
            case RESUMED, STARTED -> Kind.RAN;
            case STOPPED, CRASHED -> Kind.ENDED;
            default -> null;
        };
    }

    static GuestState stateOf(DomainState state) {
        return switch (state) {
            case NO_STATE, RUNNING, BLOCKED -> GuestState.RUNNING;
            case PAUSED, SLEEPING -> GuestState.PAUSED;
            case SHUTTING_DOWN, SHUT_OFF, CRASHED -> GuestState.STOPPED;
        };
    }

    @Override
    public void close() {
        events.close();
    }
}
