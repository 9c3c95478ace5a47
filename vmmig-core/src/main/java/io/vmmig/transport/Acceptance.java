// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import java.util.Set;

/**
 * The destination's yes to an {@link Offer}.
 *
 * @param held digests ({@code sha256:HEX}) of content named in the offer's manifest that the destination holds already and
 *     need not be sent, such as the kernel; base images are not among them, since a destination that lacks one refuses
 */
public record Acceptance(Set<String> held) {
    public Acceptance {
        held = Set.copyOf(held);
    }
}
