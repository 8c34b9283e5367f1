"""Forms of accounts and of the way in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django_otp.models import Device

from desk.staff import second_factor
from desk.staff.roles import Role


class LoginForm(AuthenticationForm):
    """Name and password."""

    error_messages = {  # noqa: RUF012
        "invalid_login": "利用者名かパスワードが違います。大文字と小文字は区別されます。",
        "inactive": "利用者名かパスワードが違います。大文字と小文字は区別されます。",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "利用者名"
        self.fields["username"].widget.attrs |= {"autocapitalize": "none", "spellcheck": "false"}
        self.fields["password"].label = "パスワード"


class CodeForm(forms.Form):
    """A code of the second factor; it is used up when it is right.

    Args:
        user: whose code.
        app: the only device whose code is taken; None for each that the user has.
    """

    code = forms.CharField(
        label="確認コード",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none",
                   "spellcheck": "false", "class": "code-input"}
        ),
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, user: User, app: Device | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.user, self.app, self.device = user, app, app
        self.wrong = False
        attributes = self.fields["code"].widget.attrs
        attributes |= {"autofocus": True} if app is None else {"inputmode": "numeric"}

    def clean_code(self) -> str:
        """The code, if it is right and not used before."""
        code: str = self.cleaned_data["code"]
        device = self.app or second_factor.device_for(self.user, code)
        if device is not None:
            seconds = second_factor.seconds_to_wait(device, timezone.now())
            if seconds:
                message = (
                    "コードの間違いが続いたため、あと %(seconds)s 秒たってから入力してください。"
                )
                raise ValidationError(message, params={"seconds": seconds})
            if second_factor.proves(self.user, device, code):
                self.device = device
                return code
        self.wrong = True
        raise ValidationError(
            "コードが違うか、もう使われています。アプリの新しいコードを入力してください。"
        )


class PresentPasswordForm(forms.Form):
    """The password, once more, before something that matters; wrong ones count as at login.

    Args:
        request: whose session.
    """

    password = forms.CharField(
        label="今のパスワード",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, data: Any = None, *, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._request = request

    def clean_password(self) -> str:
        """The password, if it is right."""
        password: str = self.cleaned_data["password"]
        name = self._request.user.get_username()
        if authenticate(self._request, username=name, password=password) is None:
            raise ValidationError("パスワードが違います。")
        return password


class OwnPasswordForm(SetPasswordForm):  # type: ignore[type-arg]  # generic in its stubs only
    """A password of one's own in the place of the present one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].label = "新しいパスワード"
        self.fields["new_password2"].label = "新しいパスワード（もう一度）"
        self.fields["new_password2"].help_text = ""

    def clean_new_password1(self) -> str:
        """The password, if it is a new one."""
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise ValidationError("今のパスワードとは違うものにしてください。")
        return password


class PersonForm(forms.Form):
    """What an administrator says of a colleague."""

    display_name = forms.CharField(
        label="表示名", max_length=40, required=False,
        help_text="スタッフどうしで見る名前です（例：受付 A）。患者さんには表示されません。",
    )  # fmt: skip
    mail = forms.EmailField(
        label="メールアドレス", required=False,
        help_text="急ぎの相談などを知らせます。患者さんの文は書かれません。",
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label="役割",
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="複数選べます。管理者は、スタッフの登録と監査記録の閲覧ができます。",
        error_messages={"required": "役割を一つ以上選んでください。"},
    )

    def chosen_roles(self) -> list[Role]:
        """The roles, of a form that is valid."""
        return [Role(value) for value in self.cleaned_data["roles"]]


class NewPersonForm(PersonForm):
    """A new colleague."""

    username = forms.CharField(
        label="利用者名",
        max_length=User._meta.get_field("username").max_length,
        validators=[
            ASCIIUsernameValidator(message="半角の英数字と @ . + - _ だけで書いてください。")
        ],
        help_text="ログインに使います。半角の英数字と @ . + - _ が使えます。後から変えられません。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none",
                                      "spellcheck": "false"}),
    )  # fmt: skip
    field_order = ("username", "display_name", "mail", "roles")

    def clean_username(self) -> str:
        """The name, if nobody has it."""
        username: str = User.normalize_username(self.cleaned_data["username"])
        if User.objects.filter(username__iexact=username).exists():
            raise ValidationError("この利用者名は、もう使われています。")
        return username
