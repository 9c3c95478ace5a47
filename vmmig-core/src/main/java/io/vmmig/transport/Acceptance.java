// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.bundle.Manifest;
import java.util.Set;

/**
 * The destination's acceptance of an {@link Offer}.
 *
 * @param held digests ({@code sha256:HEX}) of content in the offer's manifest that need not be sent, such as the kernel, since the
 *     destination already holds it; without base images, since a destination that lacks one refuses the offer
 * @param references the offer's references that the destination holds, and that the package may therefore use
 */
public record Acceptance(Set<String> held, Set<Manifest.Reference> references) {
    public Acceptance {
        held = Set.copyOf(held);
        references = Set.copyOf(references);
    }

    /** Accepts a package that refers to nothing outside of it. */
    public Acceptance(Set<String> held) {
        this(held, Set.of());
    }
}
