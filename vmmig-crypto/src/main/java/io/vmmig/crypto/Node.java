// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.time.Instant;

/**
 * A trusted host.
 *
 * @param name its name here, which may differ from the card's
 * @param card its node card
 */
public record Node(String name, NodeCard card) {
    public Node {
        NodeCard.requireName(name);
    }

    /** The host's fingerprint. */
    public Fingerprint fingerprint() {
        return card.keys().fingerprint();
    }

    /** Whether {@code key} is the host's signing key, or a previous one that is still valid. */
    public boolean signsWith(SignerKey key) {
        return card.signsWith(key, Instant.now());
    }
}
