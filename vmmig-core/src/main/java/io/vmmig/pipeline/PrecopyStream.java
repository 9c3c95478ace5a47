// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.io.InputStream;

/**
 * The memory of a guest that is saved while it runs. Ends when the hypervisor has paused the guest, since the disks come next, or when the guest
 * changes its memory for too long. Closing it leaves the rest to be read.
 */
final class PrecopyStream extends BlockInput {
    private final SavedGuest saved;
    private final InputStream memory;
    private final long memoryBytes;
    private final SourceContext context;
    private long moved;
    private long deadline;

    /** @param memoryBytes how much memory the guest has; what follows are changes */
    PrecopyStream(SavedGuest saved, long memoryBytes, SourceContext context) {
        this.saved = saved;
        this.memory = new MemoryProgress(saved.memory(), this::moved);
        this.memoryBytes = memoryBytes;
        this.context = context;
    }

    private void moved(long bytes) {
        context.recorder().moved(bytes);
        if (moved < memoryBytes && moved + bytes >= memoryBytes) {
            deadline = System.nanoTime() + context.settings().convergeWithin.toNanos();
        }
        moved += bytes;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        return saved.paused() || overdue() ? -1 : memory.read(buffer, offset, length);
    }

    private boolean overdue() {
        return moved >= memoryBytes && System.nanoTime() - deadline > 0;
    }
}
