// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.HostControl;
import io.vmmig.libvirt.binding.LibvirtError;

/**
 * What becomes of a change that libvirt makes when nobody waits for it any more. A call of libvirt cannot be taken back once it is
 * made, and may succeed minutes after its deadline; so each change says beforehand what that means.
 */
sealed interface Late {
    /** It is to be undone, or finished. */
    record Then(String doing, Step step) implements Late {}

    /**
     * It may stay.
     *
     * @param because why it harms nobody
     */
    record Stays(String because) implements Late {}

    /** What is done then. It is done again if libvirt could not be reached, so it looks at what there is first. */
    @FunctionalInterface
    interface Step {
        void run(HostControl host) throws LibvirtError, VmmigException;
    }
}
