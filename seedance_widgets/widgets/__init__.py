"""What people SEE: thin anywidget classes. JS draws the state that Python sends, Python decides."""
