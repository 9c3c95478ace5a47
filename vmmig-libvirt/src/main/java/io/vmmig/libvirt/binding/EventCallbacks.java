// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Callback;
import com.sun.jna.Pointer;
import io.vmmig.libvirt.binding.DomainEvent.Kind;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The callbacks for libvirt's events, called by its event loop, which is a Java thread. libvirt refuses to register a function
 * twice for a domain, so each registration needs its own set; and it may still call a function whose registration has just ended,
 * so none is ever freed. Sets are reused instead, and an opaque number that libvirt passes back identifies the registration.
 */
final class EventCallbacks {
    /** How many released sets wait before the first one is reused. */
    private static final int RESTING = 8;

    private static final Queue<EventCallbacks> IDLE = new ArrayDeque<>();
    private static final Map<Long, Consumer<DomainEvent>> LISTENERS = new ConcurrentHashMap<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    private static final List<Kind> LIFECYCLE = List.of(
            Kind.DEFINED,
            Kind.UNDEFINED,
            Kind.STARTED,
            Kind.SUSPENDED,
            Kind.RESUMED,
            Kind.STOPPED,
            Kind.SHUTDOWN,
            Kind.ASLEEP,
            Kind.CRASHED);
    private static final List<String> STOPPED =
            List.of("shut down", "destroyed", "crashed", "migrated", "saved", "failed", "by a snapshot");
    private static final List<String> BLOCK_JOBS =
            List.of("unknown", "pull", "copy", "commit", "active commit", "backup");
    private static final List<String> BLOCK_JOB_STATES = List.of("completed", "failed", "cancelled", "ready");
    private static final List<String> AGENT_STATES = List.of("unknown", "connected", "disconnected");
    private static final List<String> TRAY_STATES = List.of("opened", "closed");

    private final Map<Integer, Callback> byEvent = Map.ofEntries(
            Map.entry(0, (TwoNumbers) this::onLifecycle),
            Map.entry(1, (Plain) this::onReboot),
            Map.entry(9, (ThreeTextsAndNumber) this::onMedium),
            Map.entry(10, (TextAndNumber) this::onTray),
            Map.entry(15, device(Kind.DEVICE_REMOVED)),
            Map.entry(16, (TextAndTwoNumbers) this::onBlockJob),
            Map.entry(17, (TextAndNumber) this::onTunable),
            Map.entry(18, (AgentNumbers) this::onAgent),
            Map.entry(19, device(Kind.DEVICE_ADDED)),
            Map.entry(22, device(Kind.DEVICE_REMOVAL_FAILED)),
            Map.entry(23, (NumberAndText) this::onMetadata));

    private long number;

    private EventCallbacks() {}

    /** A set that calls {@code listener} until it is released. */
    static EventCallbacks telling(Consumer<DomainEvent> listener) {
        EventCallbacks callbacks;
        synchronized (IDLE) {
            callbacks = IDLE.size() > RESTING ? IDLE.remove() : new EventCallbacks();
        }
        callbacks.number = NUMBERS.incrementAndGet();
        LISTENERS.put(callbacks.number, listener);
        return callbacks;
    }

    /** Stops calling the listener. */
    void release() {
        LISTENERS.remove(number);
        synchronized (IDLE) {
            IDLE.add(this);
        }
    }

    /** The callback for an event ID (virDomainEventID). */
    Map<Integer, Callback> byEvent() {
        return byEvent;
    }

    /** The opaque value for libvirt. */
    Pointer opaque() {
        return new Pointer(number);
    }

    private static void tell(Pointer number, Kind kind, String detail) {
        Consumer<DomainEvent> listener = LISTENERS.get(Pointer.nativeValue(number));
        if (listener != null) {
            listener.accept(new DomainEvent(kind, Instant.now(), detail));
        }
    }

    private static String word(List<String> words, int index) {
        return index >= 0 && index < words.size() ? words.get(index) : "number " + index;
    }

    private static String text(@Nullable Pointer text) {
        return text == null ? "" : text.getString(0, "UTF-8");
    }

    private int onLifecycle(Pointer connection, Pointer domain, int event, int detail, Pointer opaque) {
        if (event >= 0 && event < LIFECYCLE.size()) {
            Kind kind = LIFECYCLE.get(event);
            tell(opaque, kind, kind == Kind.STOPPED ? word(STOPPED, detail) : "");
        }
        return 0;
    }

    private void onReboot(Pointer connection, Pointer domain, Pointer opaque) {
        tell(opaque, Kind.REBOOTED, "");
    }

    private void onMedium(
            Pointer connection,
            Pointer domain,
            @Nullable Pointer from,
            @Nullable Pointer to,
            @Nullable Pointer device,
            int reason,
            Pointer opaque) {
        tell(opaque, Kind.MEDIUM_CHANGED, text(device));
    }

    private void onTray(Pointer connection, Pointer domain, @Nullable Pointer device, int state, Pointer opaque) {
        tell(opaque, Kind.TRAY_MOVED, text(device) + ", " + word(TRAY_STATES, state));
    }

    /** A function of its own for each call. */
    private static OneText device(Kind kind) {
        return (connection, domain, device, opaque) -> tell(opaque, kind, text(device));
    }

    private void onBlockJob(
            Pointer connection, Pointer domain, @Nullable Pointer disk, int type, int state, Pointer opaque) {
        tell(opaque, Kind.BLOCK_JOB, text(disk) + ", " + word(BLOCK_JOBS, type) + ", " + word(BLOCK_JOB_STATES, state));
    }

    private void onTunable(
            Pointer connection, Pointer domain, @Nullable Pointer parameters, int count, Pointer opaque) {
        tell(opaque, Kind.TUNED, "");
    }

    private void onAgent(Pointer connection, Pointer domain, int state, int reason, Pointer opaque) {
        tell(opaque, Kind.AGENT, word(AGENT_STATES, state));
    }

    private void onMetadata(Pointer connection, Pointer domain, int type, @Nullable Pointer uri, Pointer opaque) {
        tell(opaque, Kind.METADATA_CHANGED, text(uri));
    }

    // The signatures of libvirt's callbacks; public for JNA.

    interface Plain extends Callback {
        void invoke(Pointer connection, Pointer domain, Pointer opaque);
    }

    interface TwoNumbers extends Callback {
        int invoke(Pointer connection, Pointer domain, int first, int second, Pointer opaque);
    }

    interface AgentNumbers extends Callback {
        void invoke(Pointer connection, Pointer domain, int state, int reason, Pointer opaque);
    }

    interface OneText extends Callback {
        void invoke(Pointer connection, Pointer domain, @Nullable Pointer text, Pointer opaque);
    }

    interface TextAndNumber extends Callback {
        void invoke(Pointer connection, Pointer domain, @Nullable Pointer text, int first, Pointer opaque);
    }

    interface TextAndTwoNumbers extends Callback {
        void invoke(Pointer connection, Pointer domain, @Nullable Pointer text, int first, int second, Pointer opaque);
    }

    interface NumberAndText extends Callback {
        void invoke(Pointer connection, Pointer domain, int first, @Nullable Pointer text, Pointer opaque);
    }

    interface ThreeTextsAndNumber extends Callback {
        void invoke(
                Pointer connection,
                Pointer domain,
                @Nullable Pointer first,
                @Nullable Pointer second,
                @Nullable Pointer third,
                int reason,
                Pointer opaque);
    }
}
