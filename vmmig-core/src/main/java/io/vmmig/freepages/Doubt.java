// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/** Why the free pages are uncertain. The message completes "all pages are sent, because …". */
final class Doubt extends Exception {
    private static final long serialVersionUID = 1;

    Doubt(String because) {
        super(because);
    }

    Doubt(String because, Throwable cause) {
        super(because, cause);
    }

    String because() {
        return String.valueOf(getMessage());
    }
}
