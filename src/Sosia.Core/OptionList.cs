using System.Collections.Generic;
using System.Text;

namespace Sosia.Core;

/// <summary>The form in which users write several settings in one option: with commas between, and a comma within one of them written twice.</summary>
public static class OptionList
{
    /// <summary>Takes such a text apart.</summary>
    /// <returns>The settings in their order; one that is empty for an empty text.</returns>
    public static IReadOnlyList<string> Split(string text)
    {
        List<string> parts = [];
        var part = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
