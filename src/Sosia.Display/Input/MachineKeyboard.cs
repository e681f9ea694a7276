using System;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Devices.Common;
using Sosia.Devices.I8042;

namespace Sosia.Display.Input;

/// <summary>A machine's keyboard for programs. Keys wait until the guest takes them. All members may be called from any thread.</summary>
public sealed class MachineKeyboard
{
    private readonly Ps2Keyboard _keyboard;
    private readonly IReadOnlyList<IKeySink> _others;
    private readonly HashSet<Ps2Key> _down = [];
    private readonly Action<Action> _post;

    /// <summary>Creates the way to a keyboard.</summary>
    /// <param name="keyboard">The keyboard.</param>
    /// <param name="others">More keyboards; the first one that the guest uses gets the keys.</param>
    /// <param name="post">Has something done on the machine's thread.</param>
    public MachineKeyboard(Ps2Keyboard keyboard, IReadOnlyList<IKeySink> others, Action<Action> post)
    {
        _keyboard = keyboard;
        _others = others;
        _post = post;
    }

    /// <summary>The indicators: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock.</summary>
    public byte Indicators => Other?.Indicators ?? _keyboard.Indicators;

    /// <summary>Presses a key; it stays down.</summary>
    public void Press(Ps2Key key) => Set(key, isDown: true);

    /// <summary>Releases a key.</summary>
    public void Release(Ps2Key key) => Set(key, isDown: false);

    /// <summary>Presses or releases a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isDown">True to press it.</param>
    public void Set(Ps2Key key, bool isDown) => _post(() => Enqueue(key, isDown));

    /// <summary>Presses keys one after the other, then releases them: Tap(LeftControl, LeftAlt, Delete).</summary>
    /// <param name="keys">The keys.</param>
    public void Tap(params Ps2Key[] keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        _post(() =>
        {
            foreach (Ps2Key key in keys)
            {
                Enqueue(key, isDown: true);
            }

            for (int i = keys.Length - 1; i >= 0; i--)
            {
                Enqueue(keys[i], isDown: false);
            }
        });
    }

    /// <summary>Types a text as on an American keyboard; a line feed is Enter.</summary>
    /// <param name="text">ASCII text.</param>
    /// <exception cref="SosiaException">A character is on no key.</exception>
    public void Type(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        foreach (char character in text)
        {
            if (!KeyLayout.TryFind(character, out _, out _))
            {
                throw new SosiaException($"The character '{character}' (U+{(int)character:X4}) is on no key of an American keyboard; leave it out of what is typed.");
            }
        }

        foreach (char character in text)
        {
            KeyLayout.TryFind(character, out Ps2Key key, out bool isShifted);
            Tap(isShifted ? [Ps2Key.LeftShift, key] : [key]);
        }
    }

    private IKeySink? Other
    {
        get
        {
            foreach (IKeySink other in _others)
            {
                if (other.IsUsed)
                {
                    return other;
                }
            }

            return null;
        }
    }

    // On the machine's thread. A key is released at the keyboard where it was pressed.
    private void Enqueue(Ps2Key key, bool isDown)
    {
        if (Other is { } other && (isDown || !_down.Remove(key)))
        {
            other.Enqueue(key, isDown);
            return;
        }

        _keyboard.Enqueue(key, isDown);
        if (isDown)
        {
            _down.Add(key);
        }
        else
        {
            _down.Remove(key);
        }
    }
}
