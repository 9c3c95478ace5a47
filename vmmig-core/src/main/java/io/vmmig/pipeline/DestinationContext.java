// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.reference.ImageStore;
import io.vmmig.state.HostState;
import java.nio.file.Path;

/**
 * What the parts of one migration share at its destination.
 *
 * @param guests the directory for guests' files
 */
public record DestinationContext(
        Hypervisor hypervisor,
        Path guests,
        HostState state,
        ReceiveSettings settings,
        Recorder recorder,
        Cancellation cancellation) {
    ImageStore images() {
        return state.images();
    }
}
