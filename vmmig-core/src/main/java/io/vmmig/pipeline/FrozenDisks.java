// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import java.nio.file.Path;
import java.util.Map;

/** The disks of a guest that leaves live, on which overlays lie. For one thread at a time. */
final class FrozenDisks {
    private final Map<String, Path> overlays;
    private Runnable merging;

    private FrozenDisks(Map<String, Path> overlays, Runnable merging) {
        this.overlays = overlays;
        this.merging = merging;
    }

    /** A guest without overlays. */
    static FrozenDisks none() {
        return new FrozenDisks(Map.of(), () -> {});
    }

    /**
     * Has the guest write to overlays; if that fails, it has none.
     *
     * @param places the overlays to be made, by target
     */
    static FrozenDisks freeze(SourceContext context, Guest guest, Departure departure, Map<String, Path> places)
            throws VmmigException {
        Overlays begun = Overlays.begin(context.state(), guest.uuid(), places);
        FrozenDisks frozen = new FrozenDisks(places, () -> begun.mergeOrKeep(guest, context.recorder()));
        try {
            begun.add(guest, departure.chains());
            return frozen;
        } catch (VmmigException | RuntimeException | Error e) {
            // A cancellation interrupts, which must not end the merging as well.
            Thread.interrupted();
            frozen.close();
            throw e;
        }
    }

    /** The overlays, by target. */
    Map<String, Path> overlays() {
        return overlays;
    }

    /** The guest has left, or a recovery decides whether it has. */
    void leave() {
        merging = () -> {};
    }

    /** Merges the overlays of a guest that stays. */
    void close() {
        merging.run();
    }
}
