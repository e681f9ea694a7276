using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using Sosia.Devices.Common;
using Sosia.Display;
using Sosia.Display.Input;

namespace Sosia.Control;

/// <content>Screen, keyboard and pointer: work that other threads want done on the machine's thread.</content>
public sealed partial class VirtualMachine
{
    private const int InvokePollMilliseconds = 20;

    private readonly ConcurrentQueue<Action> _posted = new();
    private volatile bool _hasPosted;

    /// <summary>What the machine shows; null when it has no screen. Usable from any thread.</summary>
    public MachineScreen? Screen { get; private set; }

    /// <summary>Screen and keyboard as a terminal for scripts; null when the machine lacks one of them.</summary>
    public TextScreen? TextScreen { get; private set; }

    /// <summary>The machine's keyboard; null when it has none. Usable from any thread.</summary>
    public MachineKeyboard? Keyboard { get; private set; }

    /// <summary>The machine's pointer; null when it has none. Usable from any thread.</summary>
    public MachinePointer? Pointer { get; private set; }

    /// <summary>Has something done between two instructions, soon, on the thread that runs the machine. Callable from any thread; does not wait.</summary>
    /// <param name="action">What to do; it must not throw.</param>
    public void Post(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (_disposed)
        {
            return;
        }

        _posted.Enqueue(action);
        _hasPosted = true;
        if (_isRunning)
        {
            Wake();
        }
        else if (_running.TryEnter())
        {
            // Nobody runs it, and perhaps nobody ever will.
            try
            {
                RunPosted();
            }
            finally
            {
                _running.Exit();
            }
        }
    }

    /// <summary>Has something done as <see cref="Post"/> does, and waits until it is. Callable from any thread.</summary>
    /// <param name="action">What to do; it must not throw.</param>
    /// <returns>False when the machine was disposed of.</returns>
    public bool Invoke(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (_running.IsHeldByCurrentThread)
        {
            // This is the thread that runs the machine, as in a condition of RunUntil: nobody would do it while it waits. What came before is done before.
            RunPosted();
            action();
            return !_disposed;
        }

        // Without spinning, which would take time from the guest.
        using var done = new ManualResetEventSlim(initialState: false, spinCount: 0);
        Post(() =>
        {
            action();
            done.Set();
        });
        while (!done.Wait(InvokePollMilliseconds))
        {
            if (_disposed)
            {
                return false;
            }

            // It may have stopped running between our look and the end of its loop.
            if (_running.TryEnter())
            {
                try
                {
                    RunPosted();
                }
                finally
                {
                    _running.Exit();
                }
            }
        }

        return true;
    }

    // On the machine's thread, or while nobody runs it.
    private void RunPosted()
    {
        if (!_hasPosted)
        {
            return;
        }

        _hasPosted = false;
        while (!_disposed && _posted.TryDequeue(out Action? action))
        {
            action();
        }
    }

    private void ConnectDisplay()
    {
        if (Machine.Screen is { } screen)
        {
            Screen = new MachineScreen(screen, Invoke);
        }

        if (Machine.Keyboard is { } keyboard)
        {
            Keyboard = new MachineKeyboard(keyboard, Machine.UsbKeyboard is { } other ? [other] : [], Post);
        }

        if (Screen is not null && Keyboard is not null)
        {
            TextScreen = new TextScreen(this, Screen, Keyboard);
        }

        if (Machine.Mouse is { } mouse)
        {
            List<IAbsolutePointer> tablets = [];
            if (Machine.UsbTablet is { } usbTablet)
            {
                tablets.Add(usbTablet);
            }

            if (Machine.Tablet is { } tablet)
            {
                tablets.Add(tablet);
            }

            Pointer = new MachinePointer(mouse, tablets, Post);
        }
    }
}
