// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.state.HostState;

/** What the parts of one migration share at its source. */
public record SourceContext(
        Hypervisor hypervisor,
        String guestName,
        HostState state,
        SendSettings settings,
        Recorder recorder,
        Cancellation cancellation) {}
