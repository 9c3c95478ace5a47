// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.List;

/**
 * A domain as the destination will have it.
 *
 * @param domain the new XML
 * @param changes all that was changed to get there, in the order of the XML
 */
public record AdaptedDomain(DomainXml domain, List<DomainChange> changes) {
    public AdaptedDomain {
        changes = List.copyOf(changes);
    }
}
