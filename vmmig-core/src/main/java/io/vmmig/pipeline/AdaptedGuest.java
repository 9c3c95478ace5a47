// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.AdaptedDomain;
import io.vmmig.domain.DomainChange;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.report.Notice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The guest as the destination will run and define it.
 *
 * @param running the live domain
 * @param definition the definition for its next start, or null if that is {@code running}, or if the host forgets the guest once it stops
 * @param persistent whether the host keeps a definition
 * @param notices the parts of the definition that do not move
 */
record AdaptedGuest(
        AdaptedDomain running, @Nullable AdaptedDomain definition, boolean persistent, List<Notice> notices) {
    AdaptedGuest {
        notices = List.copyOf(notices);
    }

    /** The XML that the host defines, or null if none. */
    @Nullable
    String definitionXml() {
        if (!persistent) {
            return null;
        }
        return (definition == null ? running : definition).domain().text();
    }

    RestoreRequest request(@Nullable String cookie) {
        return new RestoreRequest(running.domain().text(), cookie, definitionXml());
    }

    /** All changes, each once: the definition's are listed only if the live domain lacks them. */
    List<DomainChange> changes() {
        List<DomainChange> changes = new ArrayList<>(running.changes());
        if (definition != null) {
            for (DomainChange change : definition.changes()) {
                if (!running.changes().contains(change)) {
                    changes.add(new DomainChange("definition: " + change.where(), change.before(), change.after()));
                }
            }
        }
        return changes;
    }
}
