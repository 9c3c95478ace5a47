// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;
import java.util.Set;

/**
 * The destination's yes to an {@link Offer}.
 *
 * @param held digests ({@code sha256:HEX}) of content named in the offer's manifest that the destination holds already and
 *     need not be sent, such as the kernel; base images are not among them, since a destination that lacks one refuses
 * @param references those of the offer's references that the destination holds, so that the package may refer to them
 */
public record Acceptance(Set<String> held, Set<Manifest.Reference> references) {
    public Acceptance {
        held = Set.copyOf(held);
        references = Set.copyOf(references);
    }

    /** Yes, with the package complete in itself. */
    public Acceptance(Set<String> held) {
        this(held, Set.of());
    }
}
