// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a hypervisor keeps of a guest besides its running XML and its memory.
 *
 * @param definitionXml the XML that the guest's next start uses, complete with secrets and in the form that can be given to another
 *     host; null when the host forgets the guest once it stops
 * @param autostart whether the host starts the guest when the host boots
 * @param localStates what only this host has of the guest, and cannot be given to another one
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
