// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** Helpers for DOM trees. */
final class Xml {
    private Xml() {}

    static List<Element> children(Element parent) {
        List<Element> children = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                children.add(element);
            }
        }
        return children;
    }

    static Optional<Element> child(Element parent, String tag) {
        return children(parent).stream().filter(e -> e.getTagName().equals(tag)).findFirst();
    }

    static String text(Element element) {
        return element.getTextContent().strip();
    }

    static Element childOrNew(Element parent, String tag) {
        return child(parent, tag).orElseGet(() -> {
            Element child = parent.getOwnerDocument().createElement(tag);
            parent.appendChild(child);
            return child;
        });
    }

    static void remove(Element element) {
        element.getParentNode().removeChild(element);
    }
}
