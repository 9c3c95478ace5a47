// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a hypervisor stores of a guest besides its running XML and its memory.
 *
 * @param definitionXml the XML for the guest's next start, with secrets, in the form that another host can use; null when the host forgets
 *     the guest once it stops
 * @param autostart whether the host starts the guest when the host boots
 * @param localStates state that cannot move to another host
 */
public record GuestInventory(@Nullable String definitionXml, boolean autostart, List<LocalState> localStates) {
    public GuestInventory {
        localStates = List.copyOf(localStates);
    }

    /** Whether the host keeps the guest's definition when it is not running. */
    public boolean persistent() {
        return definitionXml != null;
    }
}
