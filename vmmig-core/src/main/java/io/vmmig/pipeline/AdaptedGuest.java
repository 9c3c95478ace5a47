// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.AdaptedDomain;
import io.vmmig.domain.DomainChange;
import io.vmmig.report.Notice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest as the destination will have it.
 *
 * @param running what it runs as
 * @param definition what its next start uses, or null if that is what it runs as, or if the host forgets it once it stops
 * @param persistent whether the host keeps a definition
 * @param notices what of the definition is not carried
 */
record AdaptedGuest(
        AdaptedDomain running, @Nullable AdaptedDomain definition, boolean persistent, List<Notice> notices) {
    AdaptedGuest {
        notices = List.copyOf(notices);
    }

    /** What the host is to define, or null if nothing. */
    @Nullable
    String definitionXml() {
        if (!persistent) {
            return null;
        }
        return (definition == null ? running : definition).domain().text();
    }

    /** All that was changed; most changes are those of both. */
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
