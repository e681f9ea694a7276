using System;
using System.Collections.Generic;
using Sosia.Devices.I8042;
using Sosia.Display.Input;

namespace Sosia.Display.Terminal;

/// <summary>What a terminal sends for keys (ECMA-48 sequences as xterm and the Linux console have them), as keys to be pressed together.</summary>
public static class TerminalKeys
{
    private const byte EscapeByte = 0x1b;

    /// <summary>Finds the keys that were typed. A lone escape byte at the end is the Escape key.</summary>
    /// <param name="typed">What the terminal sent at once.</param>
    /// <param name="tap">Takes keys that are pressed in this order and released in the other.</param>
    public static void Read(ReadOnlySpan<byte> typed, Action<Ps2Key[]> tap)
    {
        ArgumentNullException.ThrowIfNull(tap);
        while (!typed.IsEmpty)
        {
            List<Ps2Key> keys = [];
            typed = typed[ReadOne(typed, keys)..];
            if (keys.Count != 0)
            {
                tap([.. keys]);
            }
        }
    }

    // How many bytes were used.
    private static int ReadOne(ReadOnlySpan<byte> typed, List<Ps2Key> keys)
    {
        byte first = typed[0];
        if (first != EscapeByte)
        {
            AddCharacter(first, keys);
            return 1;
        }

        if (typed.Length == 1 || typed[1] == EscapeByte)
        {
            keys.Add(Ps2Key.Escape);
            return 1;
        }

        if (typed[1] == '[' && typed.Length > 2)
        {
            return 2 + ReadSequence(typed[2..], keys);
        }

        if (typed[1] == 'O' && typed.Length > 2)
        {
            Add(FindLetter(typed[2]), 1, keys);
            return 3;
        }

        keys.Add(Ps2Key.LeftAlt);
        AddCharacter(typed[1], keys);
        return 2;
    }

    private static void AddCharacter(byte value, List<Ps2Key> keys)
    {
        if (KeyLayout.TryFind((char)value, out Ps2Key key, out bool isShifted))
        {
            if (isShifted)
            {
                keys.Add(Ps2Key.LeftShift);
            }

            keys.Add(key);
        }
        else if (value < 0x20 && KeyLayout.TryFind(char.ToLowerInvariant((char)(value + 0x40)), out key, out isShifted))
        {
            keys.Add(Ps2Key.LeftControl);
            if (isShifted)
            {
                keys.Add(Ps2Key.LeftShift);
            }

            keys.Add(key);
        }
    }

    // What follows ESC [: numbers with semicolons, then a letter or a tilde.
    private static int ReadSequence(ReadOnlySpan<byte> sequence, List<Ps2Key> keys)
    {
        if (sequence[0] == '[' && sequence.Length > 1)
        {
            // The Linux console's F1 to F5.
            Add(sequence[1] is >= (byte)'A' and <= (byte)'E' ? Ps2Key.F1 + (sequence[1] - 'A') : Ps2Key.None, 1, keys);
            return 2;
        }

        Span<int> numbers = [0, 1];
        int which = 0;
        for (int i = 0; i < sequence.Length; i++)
        {
            byte value = sequence[i];
            if (value is >= (byte)'0' and <= (byte)'9')
            {
                numbers[which] = Math.Min(((i > 0 && sequence[i - 1] is >= (byte)'0' and <= (byte)'9' ? numbers[which] : 0) * 10) + value - '0', 1000);
            }
            else if (value == ';')
            {
                which = 1;
            }
            else
            {
                Add(value == '~' ? FindNumber(numbers[0]) : value == 'Z' ? Ps2Key.Tab : FindLetter(value), value == 'Z' ? 2 : numbers[1], keys);
                return i + 1;
            }
        }

        return sequence.Length;
    }

    // The modifiers are a set plus 1: Shift 1, Alt 2, Control 4.
    private static void Add(Ps2Key key, int modifiers, List<Ps2Key> keys)
    {
        if (key == Ps2Key.None)
        {
            return;
        }

        int set = Math.Max(0, modifiers - 1);
        foreach ((int bit, Ps2Key modifier) in (ReadOnlySpan<(int, Ps2Key)>)[(1, Ps2Key.LeftShift), (2, Ps2Key.LeftAlt), (4, Ps2Key.LeftControl)])
        {
            if ((set & bit) != 0)
            {
                keys.Add(modifier);
            }
        }

        keys.Add(key);
    }

    private static Ps2Key FindLetter(byte letter) => (char)letter switch
    {
        'A' => Ps2Key.Up,
        'B' => Ps2Key.Down,
        'C' => Ps2Key.Right,
        'D' => Ps2Key.Left,
        'F' => Ps2Key.End,
        'H' => Ps2Key.Home,
        >= 'P' and <= 'S' => Ps2Key.F1 + (letter - 'P'),
        'M' => Ps2Key.KeypadEnter,
        _ => Ps2Key.None,
    };

    private static Ps2Key FindNumber(int number) => number switch
    {
        1 or 7 => Ps2Key.Home,
        2 => Ps2Key.Insert,
        3 => Ps2Key.Delete,
        4 or 8 => Ps2Key.End,
        5 => Ps2Key.PageUp,
        6 => Ps2Key.PageDown,
        >= 11 and <= 15 => Ps2Key.F1 + (number - 11),
        >= 17 and <= 21 => Ps2Key.F6 + (number - 17),
        23 => Ps2Key.F11,
        24 => Ps2Key.F12,
        _ => Ps2Key.None,
    };
}
