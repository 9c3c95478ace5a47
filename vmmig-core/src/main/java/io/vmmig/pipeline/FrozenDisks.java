// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The disks of a guest that leaves live, on which overlays lie. For one thread. */
final class FrozenDisks {
    private static final Logger LOG = LoggerFactory.getLogger(FrozenDisks.class);

    private final SourceContext context;
    private @Nullable Guest guest;
    private @Nullable Overlays overlays;

    FrozenDisks(SourceContext context) {
        this.context = context;
    }

    /** @param places the overlays to be made, by target */
    void freeze(Guest running, Departure departure, Map<String, Path> places) throws VmmigException {
        guest = running;
        overlays = Overlays.begin(context.state(), running.uuid(), places);
        overlays.add(running, departure.chains());
    }

    /** The guest has left, or a recovery decides whether it has. */
    void leave() {
        overlays = null;
    }

    /** Merges the overlays of a guest that stays. If that fails it goes on with them, and a recovery merges them. */
    void close() {
        if (overlays == null || guest == null) {
            return;
        }
        try {
            overlays.merge(guest);
        } catch (VmmigException e) {
            LOG.warn("guest {}: its disks keep their overlays", context.guestName(), e);
            context.recorder().notice(Overlays.kept(e));
        }
    }
}
