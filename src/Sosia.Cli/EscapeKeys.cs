using System;
using System.Collections.Generic;

namespace Sosia.Cli;

/// <summary>Separates what is typed for the guest from what is typed for this program: keys after Ctrl-A.</summary>
internal sealed class EscapeKeys
{
    private const byte CtrlA = 1;

    private readonly List<byte> _guest = [];
    private bool _isEscaped;

    /// <summary>Looks at what was typed.</summary>
    /// <param name="typed">The bytes of the terminal.</param>
    /// <param name="send">Takes what is for the guest.</param>
    /// <param name="command">Takes a command's key, in its order with the rest.</param>
    public void Process(ReadOnlySpan<byte> typed, Action<byte[]> send, Action<char> command)
    {
        foreach (byte value in typed)
        {
            if (!_isEscaped)
            {
                _isEscaped = value == CtrlA;
                if (!_isEscaped)
                {
                    _guest.Add(value);
                }

                continue;
            }

            _isEscaped = false;
            char key = char.ToLowerInvariant((char)value);
            if (value == CtrlA || key == 'a')
            {
                _guest.Add(CtrlA);
                continue;
            }

            SendTyped(send);
            command(key);
        }

        SendTyped(send);
    }

    private void SendTyped(Action<byte[]> send)
    {
        if (_guest.Count > 0)
        {
            send([.. _guest]);
            _guest.Clear();
        }
    }
}
