// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is to happen to elements at one path.
 *
 * @param verdict whether they may be there
 * @param reason why not, as one sentence; empty if they may
 * @param repeatable whether their parent may have more than one of them
 * @param attributes what their attributes may be
 * @param text what their text may be, or null if they have none
 */
record ElementRule(
        Verdict verdict,
        String reason,
        boolean repeatable,
        Map<String, AllowedValue> attributes,
        @Nullable AllowedValue text) {
    /** Whether an element may be there. */
    enum Verdict {
        ALLOW,
        DROP,
        REFUSE
    }

    ElementRule {
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(attributes));
    }

    static ElementRule empty() {
        return new ElementRule(Verdict.ALLOW, "", true, Map.of(), null);
    }

    ElementRule allowing(String... names) {
        Map<String, AllowedValue> more = new LinkedHashMap<>(attributes);
        for (String name : names) {
            more.put(name, AllowedValue.of(ValueForm.ALLOWED));
        }
        return new ElementRule(Verdict.ALLOW, "", repeatable, more, text);
    }

    ElementRule allowingText() {
        return new ElementRule(Verdict.ALLOW, "", repeatable, attributes, AllowedValue.of(ValueForm.ALLOWED));
    }
}
